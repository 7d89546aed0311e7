import * as differ from './deliberate.ts';
import { type Ask, header, keep, type Pair, pairOfHubs, type Side } from './support/pair.ts';
import * as people from './support/people.ts';

const form = { 'content-type': 'application/x-www-form-urlencoded' };

pairOfHubs('Pages', (test) => {
  test('where strangers are led (W1–W5, W7)', async (pair) => {
    for (const path of [
      '/',
      '/hub',
      '/hub/',
      '/hub/?xyz=5',
      '/foo/bar?z=2',
      '/user',
      '/user/alice',
      '/user/alice/',
      '/user/alice/lab?x=1',
      '/services/nope',
      '/services/nope/x',
      '/hub/nope',
      '/hub/home',
      '/hub/home?a=b%20c&d',
      '/hub/spawn',
      '/hub/spawn/alice/x?y=1',
      '/hub/spawn-pending/alice',
      '/hub/user/alice/',
      '/hub/user/alice/api/status',
      '/hub/user/nobody/lab',
      '/hub/user-redirect/lab/tree/x.ipynb?a=1',
      '/hub/token',
      '/hub/logout',
      '/hub/token-app',
      '/hub/oauth_login',
      '/hub/signup',
    ])
      await pair.ask(null, 'GET', path);
  });

  test('other methods of pages (W3, W8, W9, R9)', async (pair) => {
    for (const path of ['/hub/home', '/hub/login', '/hub/logout', '/hub/token', '/hub/nope', '/foo'])
      for (const method of ['HEAD', 'POST', 'DELETE'] as const)
        await pair.ask(null, method, path, { only: 'status' });
    for (const path of ['/hub/home', '/hub/token']) await pair.ask('admin', 'GET', path);
  });

  test('where somebody signed in is led (W7, W14, W27–W29, W33)', async (pair) => {
    const dave = await pair.signIn('dave');
    const bob = await pair.signIn('bob');
    for (const path of [
      '/',
      '/hub/',
      '/hub/?xyz=5',
      '/hub/home',
      '/hub/token',
      '/hub/user-redirect/lab/tree/x.ipynb?a=1',
      '/hub/user-redirect/',
      '/hub/login',
      '/hub/login?next=/hub/home',
      '/hub/login?next=%2Fx%3Fb%3D10&a=5',
      '/hub/login?a=5',
      '/hub/spawn/alice',
      '/hub/spawn/nobody',
      '/hub/spawn/dave/Bad_Name',
      '/hub/spawn-pending/dave',
      '/hub/spawn-pending/dave/zzz',
      '/hub/spawn-pending/alice',
      '/hub/user/dave/',
      '/hub/user/dave/lab?x=1',
      '/hub/user/alice/',
      '/hub/user/nobody/',
    ])
      for (const browser of [dave, bob]) await pair.ask(browser, 'GET', path, { only: 'status' });
    for (const path of [
      '/',
      '/hub/',
      '/hub/?xyz=5',
      '/hub/user-redirect/lab/tree/x.ipynb?a=1',
      '/hub/user-redirect/',
    ])
      await pair.ask(dave, 'GET', path);
  });

  test('targets of a sign-in (W21–W23)', async (pair) => {
    const dave = await pair.signIn('dave');
    const targets = (side: Side) => {
      const origin = pair.origin(side);
      const host = origin.slice('http://'.length);
      return [
        '/hub/admin',
        '/user/other',
        '/has?query#andhash',
        '/has?repo=https://host.git',
        'relative/path',
        '.',
        '?a=1',
        '#x',
        'https://other',
        'ftp://other',
        '//other',
        '///other/x',
        '////other',
        '\\\\other\\b',
        '/\\other',
        '/%5Cother',
        ' //evil',
        '\t//evil',
        origin,
        `//${host}`,
        `${origin}/x`,
        `${origin}//other/`,
        `${origin}////o`,
        `//${host}/x?y=1#z`,
        `https://${host}/x`,
        `HTTP://${host}/x`,
        `${origin}1/x`,
        `${origin}@evil/x`,
        'javascript:alert(1)',
        'http:///evil',
        'http:/evil',
        '/a//b',
        '/a b',
        '/x?next=/y',
        '/..//evil',
        '',
      ];
    };
    for (const index of targets('ours').keys())
      await pair.ask(
        dave,
        'GET',
        (side) => `/hub/login?next=${encodeURIComponent(targets(side)[index] ?? '')}`,
      );
  });

  test('signing in (W24, W25)', async (pair) => {
    await pair.ask(null, 'GET', '/hub/login');
    await pair.ask(null, 'GET', '/hub/login?next=/hub/home&username=x');
    for (const fields of [
      { username: 'dave', password: people.password },
      { username: ' dave ', password: people.password },
      { username: 'DAVE', password: people.password },
      { username: 'dave', password: 'wrong' },
      { username: '', password: people.password },
      { username: 'a/b', password: people.password },
      { username: 'newcomer1', password: people.password },
    ])
      for (const next of ['', '?next=%2Fhub%2Fhome', '?next=https:%2F%2Fevil.example&z=1'])
        await signIn(pair, fields, next);
    await signIn(pair, { password: people.password }, '', { but: differ.namelessForm });
    await pair.api('admin', 'GET', '/users?name_filter=newcomer', { only: 'status' });
    for (const headers of [{}, { 'sec-fetch-mode': 'navigate' }, { 'sec-fetch-mode': 'cors' }])
      await pair.ask(null, 'POST', '/hub/login', {
        body: new URLSearchParams({ username: 'dave', password: people.password }).toString(),
        headers: { ...form, ...headers },
      });
  });

  test('signing out (W47)', async (pair) => {
    await pair.ask(null, 'GET', '/hub/logout');
    const bob = await pair.signIn('bob');
    await pair.ask(bob, 'GET', '/hub/logout');
    const again = await pair.signIn('bob');
    await pair.ask(again, 'POST', '/hub/logout', { only: 'status' });
    await pair.ask(again, 'POST', (side) => `/hub/logout?_xsrf=${again.xsrf[side]}`, { only: 'status' });
  });

  test('stopped servers (R22, W35–W40)', async (pair) => {
    await pair.token('stopped', 'dave', ['access:servers!user']);
    const dave = await pair.signIn('dave');
    const json = { accept: 'application/json' };
    for (const caller of [dave, 'dave', 'stopped', 'alice', null])
      for (const path of [
        '/hub/user/dave/',
        '/hub/user/dave/api/status',
        '/hub/user/dave/lab/tree/x',
        '/hub/user/dave/zzz/api',
        '/hub/user/nobody/api',
      ]) {
        await pair.ask(caller, 'GET', path, { only: 'status' });
        await pair.ask(caller, 'GET', path, { headers: json, only: 'status' });
      }
    await pair.ask('dave', 'GET', '/hub/user/dave/api/status');
    await pair.ask('dave', 'GET', '/hub/user/dave/lab', { headers: json });
    for (const method of ['POST', 'PATCH', 'DELETE'] as const)
      await pair.ask('dave', method, '/hub/user/dave/api/contents');
    for (const accept of ['text/html', '*/*', 'application/json;q=0.9, text/html', 'application/json, */*'])
      await pair.ask(dave, 'GET', '/hub/user/dave/lab', { headers: { accept }, only: 'status' });
  });

  test('starting by page, and a server that runs (W28–W33, W37)', async (pair) => {
    const dave = await pair.signIn('dave');
    await pair.ask(dave, 'GET', '/hub/spawn?next=%2Fhub%2Fhome&x=1', { only: 'status' });
    await pair.api('dave', 'POST', '/users/dave/servers/side');
    await until(pair, '/hub/api/users/dave/server');
    for (const path of [
      '/hub/',
      '/hub/spawn',
      '/hub/spawn?next=%2Fhub%2Fhome&x=2',
      '/hub/spawn/dave?x=2',
      '/hub/spawn/dave/side',
      '/hub/spawn-pending/dave',
      '/hub/spawn-pending/dave/side?next=/x',
      '/hub/user/dave/lab?x=1',
      '/hub/user/dave/side/lab',
      '/hub/login',
    ])
      await pair.ask(dave, 'GET', path);
    await pair.ask(dave, 'POST', (side) => `/hub/spawn?_xsrf=${dave.xsrf[side]}`, { only: 'status' });
    await pair.ask(dave, 'GET', '/hub/logout');
    await pair.api('dave', 'DELETE', '/users/dave/server');
    await pair.api('dave', 'DELETE', '/users/dave/servers/side', { body: { remove: true } });
  });

  test('pages for the proxy, files (W20, W34)', async (pair) => {
    for (const path of ['/hub/error/404?url=/x', '/hub/error/503', '/hub/error/500', '/hub/static/none.css'])
      await pair.ask(null, 'GET', path, { only: 'status' });
  });
});

/** Fetches the form and sends it, as a browser does. */
async function signIn(
  pair: Pair,
  fields: Readonly<Record<string, string>>,
  query: string,
  more: Ask = {},
): Promise<void> {
  const jars = { theirs: new Map<string, string>(), ours: new Map<string, string>() };
  for (const side of ['theirs', 'ours'] as const)
    keep(jars[side], await pair.send(side, null, 'GET', '/hub/login'));
  await pair.ask(null, 'POST', `/hub/login${query}`, {
    body: (side: Side) => new URLSearchParams({ _xsrf: jars[side].get('_xsrf') ?? '', ...fields }).toString(),
    headers: (side) => ({ ...form, cookie: header(jars[side]) }),
    ...more,
  });
}

/** Waits until a server is ready on both. */
async function until(pair: Pair, path: string): Promise<void> {
  for (const side of ['theirs', 'ours'] as const)
    for (;;) {
      const { json } = await pair.send(side, 'admin', 'GET', path);
      if ((json as { ready: boolean }).ready) break;
    }
}
