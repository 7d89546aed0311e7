import * as differ from './deliberate.ts';
import { type Caller, type Method, type Pair, pairOfHubs, type Side } from './support/pair.ts';

/** How a browser says where a request comes from; without any of it a program asks. */
const modes: readonly Readonly<Record<string, string>>[] = [
  {},
  { 'sec-fetch-mode': 'navigate' },
  { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'same-origin' },
  { 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-mode': 'no-cors' },
  { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' },
  { 'sec-fetch-mode': 'same-origin', 'sec-fetch-site': 'same-origin' },
  { 'sec-fetch-mode': 'websocket' },
  { 'sec-fetch-mode': 'cors', origin: 'https://evil.example' },
  { origin: 'https://evil.example' },
];

pairOfHubs('XSRF', (test) => {
  test('reading with a cookie, in every mode, with every token (R23–R26, W61)', async (pair) => {
    const alice = await pair.signIn('alice');
    const right = (side: Side) => alice.xsrf[side];
    for (const mode of modes) {
      await pair.api(alice, 'GET', '/user', { headers: mode });
      for (const name of ['x-xsrftoken', 'x-csrftoken'])
        await pair.api(alice, 'GET', '/user', { headers: (side) => ({ ...mode, [name]: right(side) }) });
      await pair.api(alice, 'GET', (side) => `/user?_xsrf=${right(side)}`, { headers: mode });
      await pair.api(alice, 'GET', '/user', { headers: { ...mode, 'x-xsrftoken': 'wrong' } });
      await pair.api(alice, 'GET', '/user?_xsrf=wrong', {
        headers: (side) => ({ ...mode, 'x-xsrftoken': right(side) }),
      });
      await pair.api(alice, 'GET', '/user?_xsrf=', { headers: mode });
    }
  });

  test('writing with a cookie, in every mode and method (R23–R26, R29, R30)', async (pair) => {
    const bob = await pair.signIn('bob');
    const right = (side: Side) => bob.xsrf[side];
    const requests: readonly (readonly [Method, string, unknown])[] = [
      ['POST', '/users/bob/tokens', { note: 'x' }],
      ['POST', '/users/bob/activity', { last_activity: '2020-01-01' }],
      ['DELETE', '/users/bob/tokens/a99999', undefined],
      ['PATCH', '/users/bob/server', {}],
      ['PUT', '/users/bob/servers/Bad_Name', {}],
    ];
    for (const mode of modes)
      for (const [method, path, body] of requests) {
        await pair.api(bob, method, path, { headers: mode, body });
        await pair.api(bob, method, path, {
          headers: (side) => ({ ...mode, 'x-xsrftoken': right(side) }),
          body,
        });
      }
    for (const [method, path, body] of requests) {
      await pair.api(bob, method, (side) => `${path}?_xsrf=${right(side)}`, { body });
      await pair.api(bob, method, path, { headers: { 'x-xsrftoken': 'wrong' }, body });
    }
  });

  test('types of bodies a cookie may come with (R30)', async (pair) => {
    const bob = await pair.signIn('bob');
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json',
      'application/json; charset=utf-8',
      'APPLICATION/JSON',
      'text/plain; application/json',
      'application/jsonp',
    ])
      await pair.api(bob, 'POST', '/users/bob/tokens', {
        body: '{"note": "x"}',
        headers: (side) => ({ 'content-type': type, 'x-xsrftoken': bob.xsrf[side] }),
      });
    await pair.api(bob, 'POST', '/users/bob/tokens', {
      headers: (side) => ({ 'x-xsrftoken': bob.xsrf[side] }),
    });
    await pair.api(bob, 'POST', '/users/bob/tokens', {
      body: '{}',
      headers: (side) => ({ 'content-type': '', 'x-xsrftoken': bob.xsrf[side] }),
      but: differ.emptyType,
    });
    for (const type of ['text/plain', 'application/json'])
      await pair.api(bob, 'PUT', '/users/bob/servers/Bad_Name', {
        body: '{}',
        headers: (side) => ({ 'content-type': type, 'x-xsrftoken': bob.xsrf[side] }),
      });
  });

  test('nobody, in every mode (R24)', async (pair) => {
    for (const mode of modes) {
      await pair.api(null, 'GET', '/user', { headers: mode });
      const foreign = 'origin' in mode && !('sec-fetch-mode' in mode);
      const but = foreign ? { but: differ.strangersCookie } : {};
      await pair.api(null, 'POST', '/users/bob/tokens', { headers: mode, ...but });
      await pair.api(null, 'DELETE', '/users/bob', { headers: mode, ...but });
      await pair.api(null, 'GET', '/', { headers: mode });
      await pair.api(null, 'POST', '/nope', { headers: mode });
      await pair.api(null, 'GET', '/authorizations/token/x', { headers: mode });
    }
  });

  test('tokens need none, and win over cookies (R8, R24)', async (pair) => {
    const alice = await pair.signIn('alice');
    for (const mode of modes) {
      await pair.api('bob', 'GET', '/user', { headers: mode });
      await pair.api('bob', 'POST', '/users/bob/tokens', { headers: mode, body: {} });
      await withCookieOf(alice, pair, 'bob', mode);
      await pair.api(alice, 'GET', '/user', {
        headers: { ...mode, authorization: 'token no-such-token-here' },
      });
    }
  });

  test('cookies that are not whole (R27, W45)', async (pair) => {
    const alice = await pair.signIn('alice');
    const bob = await pair.signIn('bob');
    const cookie = (side: Side, change: (text: string) => string) => ({
      cookie: change(alice.cookies[side]),
    });
    for (const change of [
      (text: string) => text.replace(/jupyterhub-session-id=[^;]*;? ?/, ''),
      (text: string) => text.replace(/jupyterhub-hub-login="?/, '$&x'),
      (text: string) => text.replace(/jupyterhub-hub-login=[^;]*;? ?/, ''),
      (text: string) => `_xsrf=garbage; ${text}`,
    ]) {
      await pair.api(null, 'GET', '/user', { headers: (side) => cookie(side, change) });
      await pair.api(null, 'POST', '/users/alice/tokens', {
        headers: (side) => ({ ...cookie(side, change), 'x-xsrftoken': alice.xsrf[side] }),
        body: {},
      });
    }
    await pair.api(bob, 'POST', '/users/bob/tokens', {
      headers: (side) => ({ 'x-xsrftoken': alice.xsrf[side] }),
      body: {},
    });
  });
});

/** A token of one user beside the cookie of another. */
async function withCookieOf(
  { cookies }: Extract<Caller, { readonly cookies: unknown }>,
  pair: Pair,
  caller: string,
  mode: Readonly<Record<string, string>>,
): Promise<void> {
  await pair.api(caller, 'GET', '/user', { headers: (side) => ({ ...mode, cookie: cookies[side] }) });
}
