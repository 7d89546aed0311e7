import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPageHub, type PageHub, tester } from '../../test/support/page-hub.ts';
import type { AuthenticatorInstance } from '../accounts/index.ts';
import { saysWhoMay } from '../http/index.ts';
import { type Authenticator, HubError, type Logger, type PluginRouter } from '../plugin/index.ts';

type Route = PluginRouter['route'];

/** A provider without a network: its callback tells who somebody is. */
function provider(id: string, more: (route: Route) => void = () => undefined): AuthenticatorInstance {
  const authenticator: Authenticator = {
    login: { button: { label: id, path: '/oauth_login' } },
    authenticate: async () => null,
    routes({ route }) {
      route('GET', '/oauth_login', { scope: 'anyone' }, (context) => {
        const { query, cookies, safeNext, urlOf, redirect } = context;
        cookies.set('state', safeNext(query.next) ?? '', { maxAge: 60 });
        redirect(
          `https://idp.example/authorize?redirect_uri=${encodeURIComponent(urlOf('/oauth_callback'))}`,
        );
      });
      route('GET', '/oauth_callback', { scope: 'anyone' }, async ({ query, cookies, signIn, redirect }) => {
        const next = cookies.get('state');
        if (next === null) throw new HubError('HUB_BAD_REQUEST', 'The sign-in was not begun here.');
        cookies.clear('state');
        if (query.twice) redirect('/');
        await signIn({ name: query.who ?? '', subject: query.who, providerSession: query.sid }, next);
      });
      route('POST', '/ended', { scope: 'anyone', xsrf: false }, async ({ form, endLogins, send }) => {
        send(200, { ended: await endLogins({ subject: form.sub, providerSession: form.sid }) });
      });
      more(route);
    },
  };
  return { id, authenticator };
}

const lines: { message: string; fields: object }[] = [];
const log: Logger = (() => {
  const note = (fields: object | string, message = '') =>
    void (typeof fields === 'string'
      ? lines.push({ message: fields, fields: {} })
      : lines.push({ message, fields }));
  const logger: Logger = {
    trace: note,
    debug: note,
    info: note,
    warn: note,
    error: note,
    child: () => logger,
  };
  return logger;
})();

let hub: PageHub;
beforeAll(async () => {
  hub = await openPageHub({
    authenticators: [
      {
        id: 'form',
        authenticator: { login: { form: { fields: ['username'] } }, authenticate: async () => null },
      },
      provider('github', (route) => {
        route('GET', '/', { scope: 'user' }, ({ user, send }) => send(200, `${user?.name}`));
        route('GET', '/home', { scope: 'anyone' }, ({ send }) => send(200, 'not the home page'));
        route('GET', '/admins', { scope: 'admin:users' }, ({ send }) => send(200, 'administration'));
        route('POST', '/form', { scope: 'anyone' }, ({ form, body, send }) =>
          send(200, { form, body: body ?? null }),
        );
        route('POST', '/hook', { scope: 'anyone', xsrf: false }, ({ body, send }) =>
          send(202, { body: body ?? null }),
        );
        route('GET', '/throws', { scope: 'anyone' }, () => {
          throw new Error('broken inside');
        });
        route('GET', '/tells', { scope: 'anyone' }, () => {
          throw new HubError('HUB_FORBIDDEN', 'Your organisation has not let you in.');
        });
        route('GET', '/silent', { scope: 'anyone' }, () => undefined);
        route('GET', '/page', { scope: 'anyone' }, ({ send, xsrfToken }) =>
          send(201, `<form>${xsrfToken()}</form>`, {
            'Content-Type': 'text/html; charset=utf-8',
            'X-Own': '1',
          }),
        );
        route('GET', '/cookie', { scope: 'anyone' }, ({ query, cookies, send }) => {
          if (query.set !== undefined) cookies.set('note', query.set, { maxAge: Number(query.age ?? 60) });
          send(200, { note: cookies.get('note') });
        });
      }),
      provider('gitlab', (route) => {
        route('GET', '/cookie', { scope: 'anyone' }, ({ cookies, send }) =>
          send(200, { note: cookies.get('note') }),
        );
      }),
    ],
    deps: { log },
  });
});
afterAll(() => hub[Symbol.asyncDispose]());

/** A browser that came back from the provider. */
async function signedIn(who: string, id = 'github', more = '') {
  const browser = hub.browser();
  await browser.get(`/hub/auth/${id}/oauth_login?next=/hub/home`);
  const answer = await browser.get(`/hub/auth/${id}/oauth_callback?who=${who}${more}`);
  return Object.assign(browser, { answer });
}

describe('the address of a route', () => {
  it('is below the id of its authenticator, and for the first with routes also short (W26a)', async () => {
    const where = async (path: string) =>
      new URL((await hub.browser().get(path)).headers.location ?? '').searchParams.get('redirect_uri');
    expect(await where('/hub/oauth_login')).toBe(`${hub.origin}/hub/oauth_callback`);
    expect(await where('/hub/auth/github/oauth_login')).toBe(`${hub.origin}/hub/oauth_callback`);
    expect(await where('/hub/auth/gitlab/oauth_login')).toBe(`${hub.origin}/hub/auth/gitlab/oauth_callback`);
  });

  it('stands on the login page, with next', async () => {
    const { text } = await hub.browser().get('/hub/login?next=/hub/token');
    expect(text).toContain('href="/hub/oauth_login?next=%2Fhub%2Ftoken"');
    expect(text).toContain('href="/hub/auth/gitlab/oauth_login?next=%2Fhub%2Ftoken"');
  });

  it("never takes the place of the hub's own: it has its long one, and a line in the log", async () => {
    const ada = await signedIn('ada');
    expect((await ada.get('/hub/home')).text).toContain('<h1>Home</h1>');
    expect((await ada.get('/hub/auth/github/home')).text).toBe('not the home page');
    expect((await ada.get('/hub/')).status).toBe(302);
    expect(lines).toContainEqual({
      message: 'route of an authenticator has only its long address',
      fields: { authenticator: 'github', path: '/home', address: '/hub/auth/github/home' },
    });
  });

  it('answers other methods with 405, and unknown paths with 404', async () => {
    const ada = await signedIn('ada');
    const form = { _xsrf: ada.cookie('_xsrf') ?? '' };
    expect((await ada.post('/hub/oauth_login', form)).status).toBe(405);
    expect((await ada.get('/hub/auth/github/none')).status).toBe(404);
    expect((await ada.get('/hub/auth/none/oauth_login')).status).toBe(404);
  });

  it.each<[string, (route: Route) => void, RegExp]>([
    [
      'is no path',
      (route) => route('GET', '/a/:b', { scope: 'anyone' }, () => undefined),
      /x: route GET \/a\/:b has a path that is none/,
    ],
    [
      'leaves its folder',
      (route) => route('GET', '/../x', { scope: 'anyone' }, () => undefined),
      /has a path that is none/,
    ],
    [
      'is declared twice',
      (route) => {
        route('GET', '/a', { scope: 'anyone' }, () => undefined);
        route('GET', '/a', { scope: 'user' }, () => undefined);
      },
      /x: route GET \/a is declared twice/,
    ],
    [
      'has an unknown scope',
      (route) => route('GET', '/a', { scope: 'admin:everything' }, () => undefined),
      /says nobody who may use it/,
    ],
    // @ts-expect-error a route without a scope line
    ['has no scope', (route) => route('GET', '/a', {}, () => undefined), /says nobody who may use it/],
    [
      'cannot be declared',
      () => {
        throw new Error('no such tenant');
      },
      /x: routes failed: no such tenant/,
    ],
  ])('that %s is a mistake found at start', async (_what, more, problem) => {
    await expect(openPageHub({ authenticators: [provider('x', more)] })).rejects.toMatchObject({
      code: 'HUB_CONFIG_INVALID',
      problems: [expect.stringMatching(problem)],
    });
  });
});

describe('who may use a route', () => {
  it('is said by every one of them (design section 7)', () => {
    const own = hub.routes.filter(({ url }) => url.startsWith('/hub/auth/github/'));
    expect(own.map(({ url }) => url)).toContain('/hub/auth/github/oauth_callback');
    expect(hub.routes.filter((route) => !saysWhoMay(route))).toEqual([]);
  });

  it('is anybody signed in for the scope "user"; strangers sign in first', async () => {
    const { status, headers } = await hub.browser().get('/hub/auth/github/');
    expect([status, headers.location]).toEqual([302, '/hub/login?next=%2Fhub%2Fauth%2Fgithub%2F']);
    expect((await (await signedIn('ada')).get('/hub/auth/github/')).text).toBe('ada');
  });

  it('is whoever holds its scope', async () => {
    const ada = await signedIn('ada');
    expect((await ada.get('/hub/auth/github/admins')).status).toBe(403);
    const user = await hub.users.get('ada');
    if (user) await hub.users.setAdmin(tester, user, true);
    expect((await ada.get('/hub/auth/github/admins')).text).toBe('administration');
    if (user) await hub.users.setAdmin(tester, user, false);
  });

  it('is checked for forms of other sites, unless the route looks itself (W58)', async () => {
    const browser = hub.browser();
    expect((await browser.post('/hub/auth/github/form', { a: '1' })).status).toBe(403);
    await browser.get('/hub/login');
    const good = await browser.post('/hub/auth/github/form', {
      _xsrf: browser.cookie('_xsrf') ?? '',
      a: '1',
      username: ' ada ',
    });
    expect(JSON.parse(good.text)).toEqual({ form: { a: '1', username: 'ada' }, body: null });

    const type = { 'content-type': 'application/json' };
    const hook = await hub.browser().request('POST', '/hub/hook', { headers: type, body: '{"a":[1]}' });
    expect([hook.status, JSON.parse(hook.text)]).toEqual([202, { body: { a: [1] } }]);
    const broken = await hub.browser().request('POST', '/hub/hook', { headers: type, body: '{"a":' });
    expect(broken.status).toBe(400);
  });
});

describe('signing in over a route', () => {
  it('sets the cookies of W25 and leads to the remembered next, without the query of the callback (W26a)', async () => {
    const { answer } = await signedIn('ada', 'github', '&code=secret&state=1');
    expect([answer.status, answer.headers.location]).toEqual([302, '/hub/home']);
    const names = answer.headers['set-cookie']?.map((text) => text.split('=')[0]).sort();
    expect(names).toEqual([
      '_xsrf',
      'hub-auth+github+state',
      'jupyterhub-hub-login',
      'jupyterhub-session-id',
    ]);
  });

  it('leads to the usual place without next (W21)', async () => {
    const browser = hub.browser();
    await browser.get('/hub/oauth_login?next=https://evil.example/');
    const { headers } = await browser.get('/hub/oauth_callback?who=ada&code=secret');
    expect(headers.location).toBe('/hub/spawn');
  });

  it('refuses with the login page and the one text for people a provider knows', async () => {
    const { answer } = await signedIn('a%2Fb');
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('You are not authorized to use this hub');
    expect(answer.text).toContain('href="/hub/oauth_login?next=%2Fhub%2Fhome"');
    expect(answer.headers['set-cookie']?.join()).not.toContain('jupyterhub-hub-login');
  });

  it('is refused where another authenticator holds the name (design section 3)', async () => {
    expect((await signedIn('mary')).answer.status).toBe(302);
    expect((await signedIn('mary', 'gitlab')).answer.status).toBe(403);
  });

  it('is one answer: a second is a fault, and nobody is signed in by it', async () => {
    const { answer } = await signedIn('ada', 'github', '&twice=1');
    expect(answer.status).toBe(500);
    expect(answer.headers['set-cookie']?.join()).not.toContain('jupyterhub-hub-login');
  });
});

describe('a route that does not work', () => {
  it('shows what a HubError says (P104)', async () => {
    const { status, text } = await hub.browser().get('/hub/tells');
    expect(status).toBe(403);
    expect(text).toContain('Your organisation has not let you in.');
  });

  it.each(['/hub/throws', '/hub/auth/github/throws'])('%s is a page without details', async (path) => {
    const { status, text } = await hub.browser().get(path);
    expect(status).toBe(500);
    expect(text).toContain('500 : Internal Server Error');
    expect(text).not.toContain('broken inside');
  });

  it('that ends without an answer is a fault', async () => {
    expect((await hub.browser().get('/hub/silent')).status).toBe(500);
  });

  it('that hangs is given up, with its name in the log', async () => {
    const hanging = provider('slow', (route) => {
      route('GET', '/hangs', { scope: 'anyone' }, () => new Promise(() => undefined));
    });
    await using other = await openPageHub({
      authenticators: [hanging],
      settings: { hookTimeout: 0.3 },
      deps: { log },
    });
    const { status, text } = await other.browser().get('/hub/hangs');
    expect(status).toBe(503);
    expect(text).toContain('Signing in takes too long.');
    expect(lines).toContainEqual({
      message: 'plugin route failed',
      fields: { err: expect.any(HubError), authenticator: 'slow', route: 'GET /hangs' },
    });
  });
});

describe('what a route sends', () => {
  it('is plain text unless it says otherwise', async () => {
    const { headers } = await hub.browser().get('/hub/auth/github/home');
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  it('may be a page with a form of its own', async () => {
    const browser = hub.browser();
    const { status, headers, text } = await browser.get('/hub/page');
    expect([status, headers['content-type'], headers['x-own']]).toEqual([
      201,
      'text/html; charset=utf-8',
      '1',
    ]);
    expect(headers['content-security-policy']).toContain("form-action 'self'");
    expect(text).toBe(`<form>${browser.cookie('_xsrf')}</form>`);
  });
});

describe('cookies of a plugin', () => {
  const note = async (browser: ReturnType<PageHub['browser']>, path: string) =>
    JSON.parse((await browser.get(path)).text).note;

  it('reach both addresses of its routes and no script (W42)', async () => {
    const browser = hub.browser();
    const { headers } = await browser.get('/hub/cookie?set=%C3%BC%20%22x');
    const [text = ''] = headers['set-cookie'] ?? [];
    const attributes = text
      .split('; ')
      .slice(1)
      .map((one) => one.toLowerCase())
      .sort();
    expect(attributes).toEqual(['httponly', 'max-age=60', 'path=/hub/', 'samesite=lax']);
    expect(await note(browser, '/hub/cookie')).toBe('ü "x');
    expect(await note(browser, '/hub/auth/github/cookie')).toBe('ü "x');
  });

  it('are seen by nobody else, not even under another name', async () => {
    const browser = hub.browser();
    await browser.get('/hub/cookie?set=mine');
    expect(await note(browser, '/hub/auth/gitlab/cookie')).toBeNull();
    const value = browser.cookie('hub-auth+github+note');
    const forged = await hub
      .browser()
      .get('/hub/auth/gitlab/cookie', { cookie: `hub-auth+gitlab+note=${value}` });
    expect(JSON.parse(forged.text).note).toBeNull();
  });

  it('count for nothing when they are too old, changed or too long', async () => {
    const browser = hub.browser();
    await browser.get('/hub/cookie?set=old&age=-5');
    await browser.get('/hub/cookie?set=x');
    const value = browser.cookie('hub-auth+github+note') ?? '';
    const forged = { cookie: `hub-auth+github+note=${value.replace('|', '|0')}` };
    expect(JSON.parse((await hub.browser().get('/hub/cookie', forged)).text).note).toBeNull();
    const { headers } = await hub.browser().get('/hub/cookie?set=old&age=0');
    const kept = { cookie: (headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '' };
    expect(JSON.parse((await hub.browser().get('/hub/cookie', kept)).text).note).toBeNull();
    expect((await hub.browser().get(`/hub/cookie?set=${'x'.repeat(4000)}`)).status).toBe(500);
  });
});

describe('ending logins from outside', () => {
  const ended = async (id: string, form: Record<string, string>) =>
    JSON.parse((await hub.browser().post(`/hub/auth/${id}/ended`, form)).text).ended;
  const isIn = async (browser: ReturnType<PageHub['browser']>) =>
    (await browser.get('/hub/home')).status === 200;

  it('reaches the logins of one subject, or of one session there, and those alone', async () => {
    const [phone, laptop] = [
      await signedIn('nina', 'github', '&sid=1'),
      await signedIn('nina', 'github', '&sid=2'),
    ];
    const other = await signedIn('otto', 'github', '&sid=3');
    const elsewhere = await signedIn('olga', 'gitlab', '&sid=1');
    expect(await ended('github', {})).toBe(0);
    expect(await ended('github', { sub: 'nina', sid: '3' })).toBe(0);
    expect(await ended('github', { sid: '1' })).toBe(1);
    expect(await Promise.all([phone, laptop, other, elsewhere].map(isIn))).toEqual([false, true, true, true]);
    expect(await ended('gitlab', { sub: 'nina' })).toBe(0);
    expect(await ended('github', { sub: 'nina' })).toBe(1);
    expect(await Promise.all([laptop, other, elsewhere].map(isIn))).toEqual([false, true, true]);
  });

  it('takes the tokens of their sessions along, and is in the audit trail', async () => {
    const browser = await signedIn('pia', 'github', '&sid=9');
    const user = await hub.users.get('pia');
    await hub.clients.put({
      identifier: 'service-demo',
      description: '',
      secret: 'demo',
      redirectUri: '/x',
      allowedScopes: [],
    });
    await hub.tokenStore.add({
      ownerKind: 'user',
      ownerId: user?.id ?? 0,
      hash: 'x'.repeat(64),
      prefix: 'xxxx',
      clientId: 'service-demo',
      sessionId: browser.cookie('jupyterhub-session-id') ?? '',
      note: '',
      scopes: ['read:users:name!user'],
      expiresIn: 3600,
    });
    expect(await ended('github', { sub: 'pia' })).toBe(1);
    const [row] = await hub.sql`SELECT count(*)::int AS count FROM tokens WHERE user_id = ${user?.id ?? 0}`;
    expect(row?.count).toBe(0);
    const [entry] = await hub.sql`SELECT actor, details FROM audit
      WHERE action = 'login.end' AND target = 'user:pia'`;
    expect(entry).toEqual({ actor: 'github', details: { logins: 1, tokens: 1, authenticator: 'github' } });
  });
});
