import type { RequestView, UserView } from '@hub/core/plugin';

/** A form post as an authenticator sees it; frozen, since plugins only read it. */
export const formPost: RequestView = Object.freeze({
  method: 'POST',
  url: '/hub/login',
  path: '/hub/login',
  query: Object.freeze({}),
  headers: Object.freeze({ 'user-agent': 'authenticator-conformance' }),
  ip: '127.0.0.1',
  origin: 'http://127.0.0.1:8000',
  user: null,
});

/** A user as plugins see one; somebody the plugin has never heard of unless named. */
export function userNamed(name = 'conformance'): UserView {
  return Object.freeze({
    id: '1',
    name,
    escapedName: encodeURIComponent(name),
    admin: false,
    groups: Object.freeze([]),
    created: '2026-01-01T00:00:00Z',
  });
}
