import type { RequestView } from '@hub/core/plugin';

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
