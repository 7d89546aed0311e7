import type { Authenticator, Identity, RequestContext } from '@hub/core/plugin';
import { authenticatorConformance } from '@hub/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { oidcAuthenticator } from '../src/index.ts';
import { openPlugin } from './support/open-plugin.ts';
import { ProviderProcess } from './support/provider-process.ts';
import { Visitor } from './support/visitor.ts';

const secret = 'the secret of the hub, long enough for any provider';
const callback = 'http://127.0.0.1:8000/hub/oauth_callback';

describe('oidcAuthenticator keeps the promises of an authenticator', () => {
  let provider: ProviderProcess;
  beforeAll(async () => {
    provider = await ProviderProcess.start();
    const client = {
      client_id: 'hub',
      client_secret: secret,
      redirect_uris: [callback],
      grant_types: ['authorization_code', 'refresh_token'],
    };
    await provider.tell({ clients: [client], claims: { ada: { groups: ['staff'], name: 'Ada' } } });
  });
  afterAll(() => provider?.[Symbol.asyncDispose]());

  authenticatorConformance(
    it,
    async () => {
      const plugin = openPlugin(
        oidcAuthenticator({
          issuer: provider.issuer,
          clientId: 'hub',
          clientSecret: secret,
          callbackUrl: callback,
          groupsClaim: 'groups',
          requestTimeout: 8,
        }),
      );
      const { made } = plugin;
      return {
        authenticator: made,
        identify: () => signIn(made),
        secrets: [secret],
        managesGroups: true,
        dispose: async () => {
          await plugin[Symbol.asyncDispose]();
        },
      };
    },
    { supports: { form: false, identity: true } },
  );
});

/** The whole way through the provider, with a hub that is none. */
async function signIn(authenticator: Authenticator): Promise<Identity> {
  const routes = new Map<string, (context: RequestContext) => unknown>();
  authenticator.routes?.({
    route: (method, path, _, handle) => void routes.set(`${method} ${path}`, handle),
  });
  const jar = new Map<string, string>();
  const call = async (path: string) => {
    const url = new URL(`http://127.0.0.1:8000/hub${path}`);
    const seen: { identity?: Identity; address?: string; refusal?: string } = {};
    const context: RequestContext = {
      method: 'GET',
      url: `${url.pathname}${url.search}`,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: {},
      ip: '127.0.0.1',
      origin: url.origin,
      user: null,
      form: {},
      body: undefined,
      safeNext: (next) => next ?? null,
      urlOf: (route) => `http://127.0.0.1:8000/hub${route}`,
      xsrfToken: () => 'token',
      cookies: {
        get: (name) => jar.get(name) ?? null,
        set: (name, value) => void jar.set(name, value),
        clear: (name) => void jar.delete(name),
      },
      signIn: async (identity) => void Object.assign(seen, { identity }),
      refuse: async (refusal) => void Object.assign(seen, { refusal }),
      endLogins: async () => 0,
      redirect: (address) => void Object.assign(seen, { address }),
      send: () => undefined,
    };
    await routes.get(`GET ${url.pathname.slice('/hub'.length)}`)?.(context);
    return seen;
  };
  const { address = '' } = await call('/oauth_login');
  const visitor = new Visitor();
  const answer = await visitor.pass(await visitor.go(address, { stopAt: callback }), 'ada', callback);
  const { identity, refusal } = await call(`/oauth_callback${answer.url.search}`);
  if (!identity) throw new Error(`nobody was signed in: ${refusal}`);
  return identity;
}
