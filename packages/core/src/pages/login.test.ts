import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPageHub, type PageHub, secretAuthenticator } from '../../test/support/page-hub.ts';
import { type Authenticator, HubError } from '../plugin/index.ts';

let hub: PageHub;
beforeAll(async () => {
  hub = await openPageHub();
});
afterAll(() => hub[Symbol.asyncDispose]());

const right = (xsrf: string | undefined, more: Record<string, string> = {}) => ({
  _xsrf: xsrf ?? '',
  username: 'ada',
  password: 'secret',
  ...more,
});

describe('somebody unknown', () => {
  it.each([
    ['/hub/', '/hub/login?next=%2Fhub%2F'],
    ['/hub/?xyz=5', '/hub/login?next=%2Fhub%2F%3Fxyz%3D5'],
    ['/hub/home', '/hub/login?next=%2Fhub%2Fhome'],
    ['/hub/token?a=1', '/hub/login?next=%2Fhub%2Ftoken%3Fa%3D1'],
    ['/hub/spawn/ada', '/hub/login?next=%2Fhub%2Fspawn%2Fada'],
    ['/hub/user/ada/api/status', '/hub/login?next=%2Fhub%2Fuser%2Fada%2Fapi%2Fstatus'],
  ])('who opens %s signs in first (W7, W35, section 1.2)', async (path, location) => {
    const { status, headers } = await hub.browser().get(path);
    expect([status, headers.location]).toEqual([302, location]);
  });

  it('gets a form with a fresh token, and the name from the address (W24)', async () => {
    const browser = hub.browser();
    const { status, text, headers } = await browser.get('/hub/login?next=%2Fhub%2Ftoken&username=ada');
    expect(status).toBe(200);
    expect(text).toContain('action="/hub/login?next=%2Fhub%2Ftoken"');
    expect(text).toContain(`name="_xsrf" value="${browser.cookie('_xsrf')}"`);
    expect(text).toContain('value="ada"');
    expect(headers['set-cookie']?.join()).toMatch(/_xsrf=[^;]+;.*max-age=3600/i);
  });
});

describe('the content policy of the login page', () => {
  it('lets the form lead on to the registered application it was asked for, and nowhere else', async () => {
    const client = { description: '', secret: 'demo', allowedScopes: [] };
    const away = {
      'service-app': 'https://app.example/a/cb',
      'service-cli': 'demo-app://cb',
      'service-own': '/x',
    };
    for (const [identifier, redirectUri] of Object.entries(away)) {
      await hub.clients.put({ ...client, identifier, redirectUri });
    }
    const formAction = async (next: string) => {
      const { headers } = await hub.browser().get(`/hub/login?next=${encodeURIComponent(next)}`);
      return /form-action ([^;]*)/.exec(String(headers['content-security-policy']))?.[1];
    };
    const authorize = '/hub/api/oauth2/authorize?redirect_uri=https://evil.example&client_id=';
    expect(await formAction(`${authorize}service-app`)).toBe("'self' https://app.example");
    expect(await formAction(`${authorize}service-cli`)).toBe("'self' demo-app:");
    expect(await formAction(`${authorize}service-own`)).toBe("'self'");
    expect(await formAction(`${authorize}service-nobody`)).toBe("'self'");
    expect(await formAction('/user/ada/?client_id=service-app')).toBe("'self'");
  });
});

describe('the form', () => {
  it('signs in and leads to next, untouched (W21, W25)', async () => {
    const browser = hub.browser();
    await browser.get('/hub/login');
    const answer = await browser.post(
      '/hub/login?next=%2Fhub%2Ftoken%3Fb%3D10&x=1',
      right(browser.cookie('_xsrf')),
    );
    expect([answer.status, answer.headers.location]).toEqual([302, '/hub/token?b=10']);
    const names = answer.headers['set-cookie']?.map((text) => text.split('=')[0]).sort();
    expect(names).toEqual(['_xsrf', 'jupyterhub-hub-login', 'jupyterhub-session-id']);
    expect((await browser.get('/hub/home')).status).toBe(200);
  });

  it('remembers the browser session with the login, so that log-out finds its tokens (W46)', async () => {
    const browser = await hub.signIn('lovelace');
    const user = await hub.users.get('lovelace');
    const [login] = user ? await hub.logins.list(user) : [];
    expect(login?.sessionId).toBe(browser.cookie('jupyterhub-session-id'));
  });

  it.each([
    ['https://evil.example/', '/hub/spawn?q=1'],
    ['//evil.example/x', '/hub/spawn?q=1'],
    ['/user/ada/lab', '/user/ada/lab'],
  ])('leads %s to %s (W21, W22)', async (next, location) => {
    const browser = hub.browser();
    await browser.get('/hub/login');
    const path = `/hub/login?next=${encodeURIComponent(next)}&q=1`;
    const { headers } = await browser.post(path, right(browser.cookie('_xsrf')));
    expect(headers.location).toBe(location);
  });

  it('refuses a wrong password with the form and sets no cookie (W25)', async () => {
    const browser = hub.browser();
    await browser.get('/hub/login');
    const form = right(browser.cookie('_xsrf'), { username: '  "><script>x  ', password: 'wrong' });
    const { status, text, headers } = await browser.post('/hub/login', form);
    expect(status).toBe(403);
    expect(text).toContain('Invalid username or password');
    expect(text).toContain('value="&quot;&gt;&lt;script&gt;x"');
    expect(text).not.toContain('<script>');
    expect(headers['set-cookie']).toBeUndefined();
  });

  it('shows only the beginning of a long name (W25)', async () => {
    const browser = hub.browser();
    await browser.get('/hub/login');
    const form = right(browser.cookie('_xsrf'), { username: 'x'.repeat(42), password: 'wrong' });
    expect((await browser.post('/hub/login', form)).text).toContain(`value="${'x'.repeat(16)}...(42 chars)"`);
  });

  it('keeps the spaces of a password', async () => {
    const browser = hub.browser();
    await browser.get('/hub/login');
    const { status } = await browser.post(
      '/hub/login',
      right(browser.cookie('_xsrf'), { password: ' secret' }),
    );
    expect(status).toBe(403);
  });

  it('comes again when its token is old, and nobody is signed in (W25)', async () => {
    const browser = hub.browser();
    const { status, text } = await browser.post('/hub/login', right('stale'));
    expect(status).toBe(403);
    expect(text).toContain('Login form invalid or expired. Try again.');
    expect(browser.cookie('jupyterhub-hub-login')).toBeUndefined();
    // The form it came with is good.
    expect((await browser.post('/hub/login', right(browser.cookie('_xsrf')))).status).toBe(302);
  });

  it('is no answer to a script of another page (W25)', async () => {
    const { status, text } = await hub
      .browser()
      .post('/hub/login', { username: 'ada', password: 'secret' }, { 'sec-fetch-mode': 'cors' });
    expect(status).toBe(403);
    expect(text).toContain('&#39;_xsrf&#39; argument missing from POST');
    expect(text).not.toContain('name="password"');
  });
});

describe('an authenticator that says why it refuses (P104)', () => {
  const authenticator: Authenticator = {
    ...secretAuthenticator,
    authenticate: async (_request, { username = '' }) => {
      if (username === 'broken') throw new Error('no route to 10.0.0.7');
      if (username === 'down')
        throw new HubError('HUB_UNAVAILABLE', 'The directory is down.', { expose: true });
      const retry = { headers: { 'retry-after': '7' } };
      throw username === 'early'
        ? new HubError('HUB_TOO_MANY', 'Try again in a while.', retry)
        : new HubError('HUB_FORBIDDEN', 'Your <account> has expired.');
    },
  };
  let strict: PageHub;
  beforeAll(async () => {
    strict = await openPageHub({ authenticators: [{ id: 'strict', authenticator }] });
  });
  afterAll(() => strict[Symbol.asyncDispose]());

  async function attempt(username: string, headers = {}) {
    const browser = strict.browser();
    await browser.get('/hub/login');
    return browser.post('/hub/login?next=/hub/token', right(browser.cookie('_xsrf'), { username }), headers);
  }

  it('is quoted above its form, which keeps name and next', async () => {
    const { status, text } = await attempt('ada');
    expect(status).toBe(403);
    expect(text).toContain('Your &lt;account&gt; has expired.');
    expect(text).toContain('value="ada"');
    expect(text).toContain('action="/hub/login?next=%2Fhub%2Ftoken"');
  });

  it('keeps its status and headers', async () => {
    const { status, text, headers } = await attempt('early');
    expect([status, headers['retry-after']]).toEqual([429, '7']);
    expect(text).toContain('name="password"');
  });

  it('is an error page for a script', async () => {
    const { status, text } = await attempt('ada', { 'sec-fetch-mode': 'cors' });
    expect(status).toBe(403);
    expect(text).toContain('Your &lt;account&gt; has expired.');
    expect(text).not.toContain('name="password"');
  });

  it('is an error page where a try with other words would not help', async () => {
    const { status, text } = await attempt('down');
    expect(status).toBe(503);
    expect(text).toContain('The directory is down.');
    expect(text).not.toContain('name="password"');
  });

  it('tells nothing when it is broken', async () => {
    const { status, text } = await attempt('broken');
    expect(status).toBe(500);
    expect(text).not.toContain('10.0.0.7');
  });
});

describe('somebody known', () => {
  it('who opens the login page goes on, with a fresh token (W24)', async () => {
    const browser = await hub.signIn('ada');
    const { status, headers } = await browser.get('/hub/login?next=/hub/home');
    expect([status, headers.location]).toEqual([302, '/hub/home']);
    expect(headers['set-cookie']?.join()).toContain('_xsrf=');
  });

  it('is led from the front door to their server (W7, W21)', async () => {
    const browser = await hub.signIn('grace');
    expect((await browser.get('/hub/?xyz=5')).headers.location).toBe('/hub/spawn?xyz=5');
    await hub.startServer('grace');
    expect((await browser.get('/hub/')).headers.location).toBe('/user/grace/');
  });
});

describe('several ways to sign in', () => {
  const github: Authenticator = {
    login: { button: { label: 'GitHub', path: '/start' } },
    authenticate: async () => ({ name: 'never' }),
  };
  const other: Authenticator = {
    login: { form: { fields: ['username', 'pin'] } },
    authenticate: async (_request, { username = '', pin }) => (pin === '1' ? { name: username } : null),
  };
  let several: PageHub;
  beforeAll(async () => {
    several = await openPageHub({
      authenticators: [
        { id: 'github', authenticator: github },
        { id: 'dummy', authenticator: secretAuthenticator },
        { id: 'pin', authenticator: other },
      ],
    });
  });
  afterAll(() => several[Symbol.asyncDispose]());

  it('are all offered, forms first', async () => {
    const { text } = await several.browser().get('/hub/login?next=/x');
    const parts = [
      'action="/hub/login?next=%2Fx"',
      'action="/hub/login?authenticator=pin&amp;next=%2Fx"',
      'href="/hub/auth/github/start?next=%2Fx"',
    ];
    expect(parts.map((part) => text.indexOf(part))).not.toContain(-1);
    expect(parts.map((part) => text.indexOf(part))).toEqual(
      parts.map((part) => text.indexOf(part)).toSorted((a, b) => a - b),
    );
  });

  it('are told apart by the address of their form', async () => {
    const browser = several.browser();
    await browser.get('/hub/login');
    const form = { _xsrf: browser.cookie('_xsrf') ?? '', username: 'pia', pin: '1' };
    expect((await browser.post('/hub/login', form)).status).toBe(403);
    const { status, headers } = await browser.post('/hub/login?authenticator=pin', form);
    expect([status, headers.location]).toEqual([302, '/hub/spawn']);
  });

  it.each(['github', 'none'])('do not take a form for %s, which shows none', async (id) => {
    const browser = several.browser();
    await browser.get('/hub/login');
    const form = { _xsrf: browser.cookie('_xsrf') ?? '', username: 'eve' };
    expect((await browser.post(`/hub/login?authenticator=${id}`, form)).status).toBe(404);
    expect(await several.users.get('never')).toBeNull();
  });
});

describe('signing in by itself (W24)', () => {
  it('reads who somebody is from the request', async () => {
    const authenticator: Authenticator = {
      autoLogin: true,
      login: { none: true },
      authenticate: async ({ headers }) => (headers['x-user'] ? { name: headers['x-user'] } : null),
    };
    await using auto = await openPageHub({ authenticators: [{ id: 'header', authenticator }] });
    const browser = auto.browser();
    expect((await browser.get('/hub/login?next=/hub/home')).status).toBe(403);
    const { status, headers } = await browser.get('/hub/login?next=/hub/home', { 'x-user': 'ada' });
    expect([status, headers.location]).toEqual([302, '/hub/home']);
    expect((await browser.get('/hub/home')).status).toBe(200);

    // Signing out must not sign in again.
    const out = await browser.get('/hub/logout', { 'x-user': 'ada' });
    expect(out.status).toBe(200);
    expect(out.text).toContain('Successfully logged out.');
    expect(browser.cookie('jupyterhub-hub-login')).toBeUndefined();
  });

  it('is for the first authenticator, and the others are reached by their id', async () => {
    const authenticator: Authenticator = {
      autoLogin: true,
      login: { button: { label: 'Provider', path: '/go' } },
      authenticate: async () => null,
    };
    const [first, second] = [
      { id: 'idp', authenticator },
      { id: 'form', authenticator: { ...secretAuthenticator, autoLogin: true } },
    ];
    await using auto = await openPageHub({ authenticators: [first, second] });
    expect((await auto.browser().get('/hub/login')).headers.location).toBe('/hub/auth/idp/go');
    const page = await auto.browser().get('/hub/login?authenticator=form');
    expect([page.status, page.text.includes('name="password"')]).toEqual([200, true]);
  });

  it('only on the way to a server or service, where so asked (P143)', async () => {
    const authenticator: Authenticator = {
      autoLogin: 'oauth-authorize',
      login: { button: { label: 'Provider', path: '/go' } },
      authenticate: async () => null,
    };
    await using auto = await openPageHub({ authenticators: [{ id: 'idp', authenticator }] });
    const get = (next: string) => auto.browser().get(`/hub/login?next=${encodeURIComponent(next)}`);
    const authorize = '/hub/api/oauth2/authorize?client_id=service-x&response_type=code';
    const { status, headers } = await get(authorize);
    expect([status, headers.location]).toEqual([
      302,
      `/hub/auth/idp/go?next=${encodeURIComponent(authorize)}`,
    ]);
    for (const next of [
      '/hub/home',
      '/hub/api/oauth2/authorize/x',
      '/user/ada/?x=/hub/api/oauth2/authorize',
      '',
    ])
      expect((await get(next)).status).toBe(200);
  });

  it('leads to the provider, with next only where it was given', async () => {
    const authenticator: Authenticator = {
      autoLogin: true,
      login: { button: { label: 'Provider', path: '/go' } },
      authenticate: async () => null,
    };
    await using auto = await openPageHub({ authenticators: [{ id: 'idp', authenticator }] });
    const browser = auto.browser();
    expect((await browser.get('/hub/login?next=/hub/x')).headers.location).toBe(
      '/hub/auth/idp/go?next=%2Fhub%2Fx',
    );
    expect((await browser.get('/hub/login')).headers.location).toBe('/hub/auth/idp/go');
  });
});
