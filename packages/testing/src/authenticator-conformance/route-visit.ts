import type { Identity, RequestContext } from '@hub/core/plugin';
import { userNamed } from './request.ts';

/** How a handler answered. */
export type RouteAnswer =
  | { readonly kind: 'redirect'; readonly to: string }
  | { readonly kind: 'send'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'signIn'; readonly identity: Identity; readonly to: string | null }
  | { readonly kind: 'refuse'; readonly sentence: string };

const origin = 'http://127.0.0.1:8000';

/** One visit to a route of a plugin, by a visitor with neither cookies nor manners. */
export function visitOf(
  method: string,
  path: string,
  query: Readonly<Record<string, string>>,
): { readonly context: RequestContext; readonly answers: readonly RouteAnswer[] } {
  const answers: RouteAnswer[] = [];
  const jar = new Map<string, string>();
  const full = `/hub/auth/conformance${path}`;
  const isPost = method !== 'GET';
  const context: RequestContext = {
    method,
    url: `${full}?${new URLSearchParams(query)}`,
    path: full,
    query: Object.freeze({ ...query }),
    headers: Object.freeze({ host: '127.0.0.1:8000', 'user-agent': 'authenticator-conformance' }),
    ip: '127.0.0.1',
    origin,
    user: userNamed(),
    form: Object.freeze(isPost ? { ...query } : {}),
    body: undefined,
    safeNext: (next) => (next !== undefined && /^\/hub\/(?!\/)/.test(next) ? next : null),
    urlOf: (to) => `${origin}/hub/auth/conformance${to}`,
    cookies: {
      get: (name) => jar.get(name) ?? null,
      set: (name, value) => void jar.set(name, value),
      clear: (name) => void jar.delete(name),
    },
    xsrfToken: () => 'conformance',
    async signIn(identity, to) {
      answers.push({ kind: 'signIn', identity, to });
    },
    async refuse(sentence) {
      answers.push({ kind: 'refuse', sentence });
    },
    endLogins: async () => 0,
    redirect: (to) => void answers.push({ kind: 'redirect', to }),
    send: (status, body) => void answers.push({ kind: 'send', status, body }),
  };
  return { context, answers };
}
