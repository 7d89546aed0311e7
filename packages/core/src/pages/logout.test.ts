import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fakeSpawner } from '../../test/support/fake-spawner.ts';
import { openPageHub, type PageHub, secretAuthenticator, tester } from '../../test/support/page-hub.ts';
import type { AuthenticatorInstance } from '../accounts/index.ts';
import { hashSecret } from '../kernel/index.ts';
import type { Authenticator, Awaitable, LoginView, LogoutFacts } from '../plugin/index.ts';

let hub: PageHub;
beforeAll(async () => {
  hub = await openPageHub();
});
afterAll(() => hub[Symbol.asyncDispose]());

/** A token as a server gets it for a browser session. */
async function oauthToken(user: string, sessionId: string | null, secret: string): Promise<void> {
  const owner = await hub.users.get(user);
  if (!owner) throw new Error(`no user ${user}`);
  await hub.clients.put({
    identifier: 'service-demo',
    description: 'demo',
    secret: 'demo',
    redirectUri: '/x',
    allowedScopes: [],
  });
  await hub.tokenStore.add({
    ownerKind: 'user',
    ownerId: owner.id,
    hash: hashSecret(secret),
    prefix: secret.slice(0, 4),
    clientId: 'service-demo',
    sessionId,
    note: '',
    scopes: ['read:users:name!user'],
    expiresIn: 3600,
  });
}

const isGood = async (secret: string) => (await hub.credentials.check(secret)) !== null;

describe('signing out (W47)', () => {
  it('clears the cookies and revokes what this browser session gave away, nothing else', async () => {
    const browser = await hub.signIn('ada');
    const elsewhere = await hub.signIn('ada');
    await oauthToken('ada', browser.cookie('jupyterhub-session-id') ?? '', 'token-of-this-session');
    await oauthToken('ada', elsewhere.cookie('jupyterhub-session-id') ?? '', 'token-of-another-one');
    const stolen = browser.cookie('jupyterhub-hub-login');

    const { status, headers } = await browser.get('/hub/logout', { 'sec-fetch-site': 'same-origin' });
    expect([status, headers.location]).toEqual([302, '/hub/login']);
    const cleared = headers['set-cookie']?.map((text) => text.split('=')[0]).sort();
    expect(cleared).toEqual([
      '_xsrf',
      'jupyterhub-hub-login',
      'jupyterhub-services',
      'jupyterhub-session-id',
    ]);
    expect(await isGood('token-of-this-session')).toBe(false);
    expect(await isGood('token-of-another-one')).toBe(true);

    // A copy of the cookie is worth nothing now (W44); the other browser goes on.
    const thief = { cookie: `jupyterhub-hub-login=${stolen}` };
    expect((await hub.browser().get('/hub/home', thief)).status).toBe(302);
    expect((await elsewhere.get('/hub/home')).status).toBe(200);
  });

  it('revokes nothing for somebody who only knows a session id, and sets no cookie', async () => {
    const browser = await hub.signIn('grace');
    const session = browser.cookie('jupyterhub-session-id') ?? '';
    await oauthToken('grace', session, 'token-of-grace');
    const { status, headers } = await hub
      .browser()
      .get('/hub/logout', { cookie: `jupyterhub-session-id=${session}` });
    expect([status, headers.location, headers['set-cookie']]).toEqual([302, '/hub/login', undefined]);
    expect(await isGood('token-of-grace')).toBe(true);
  });

  it.each(['cross-site', 'same-site'])('is not done for a %s page', async (site) => {
    const browser = await hub.signIn('mary');
    expect((await browser.get('/hub/logout', { 'sec-fetch-site': site })).status).toBe(403);
    expect((await browser.get('/hub/home')).status).toBe(200);
  });

  it('is for GET: a POST needs a token first, and is no method then (W9)', async () => {
    const browser = await hub.signIn('mary');
    expect((await browser.post('/hub/logout')).status).toBe(403);
    const form = { _xsrf: browser.cookie('_xsrf') ?? '' };
    expect((await browser.post('/hub/logout', form)).status).toBe(405);
  });
});

/** Two authenticators that take the same password and note who signs out. */
function twoProviders(onLogout: (id: string) => Awaitable<string | null>) {
  const told: { id: string; login: LoginView; facts: LogoutFacts }[] = [];
  const one = (id: string): AuthenticatorInstance => ({
    id,
    authenticator: {
      ...secretAuthenticator,
      onLogout(login, facts) {
        told.push({ id, login, facts });
        return onLogout(id);
      },
    },
  });
  return { told, authenticators: [one('first'), one('second')] };
}

/** Signs in by the form of the second authenticator. */
async function bySecond(other: PageHub, name: string) {
  const browser = other.browser();
  await browser.get('/hub/login');
  const form = { _xsrf: browser.cookie('_xsrf') ?? '', username: name, password: 'secret' };
  expect((await browser.post('/hub/login?authenticator=second', form)).status).toBe(302);
  return browser;
}

describe('the authenticator of the login', () => {
  it('is told, and none of the others; it may lead on (P146, P802)', async () => {
    const { told, authenticators } = twoProviders((id) => `https://${id}.example/logout`);
    await using other = await openPageHub({ authenticators });
    const authState = async (user: number, authenticator: string, subject: string) => ({
      token: `${authenticator} ${subject}`,
      known: user > 0,
    });
    other.users.authStateOf = authState;
    const browser = await bySecond(other, 'ada');
    expect((await browser.get('/hub/logout')).headers.location).toBe('https://second.example/logout');
    expect(told).toEqual([
      {
        id: 'second',
        login: expect.objectContaining({ authenticator: 'second', subject: 'ada', providerSession: null }),
        facts: { authState: { token: 'second ada', known: true }, returnUrl: `${other.origin}/hub/login` },
      },
    ]);
    expect(told[0]?.login.user.name).toBe('ada');
    // Signed out already: nobody is told again.
    expect((await browser.get('/hub/logout')).headers.location).toBe('/hub/login');
    expect(told).toHaveLength(1);
  });

  it.each<[string, () => Awaitable<string | null>]>([
    [
      'fails',
      () => {
        throw new Error('broken');
      },
    ],
    ['does not answer', () => new Promise(() => undefined)],
    ['has nothing to say', () => ''],
  ])('cannot keep anybody signed in: it %s', async (_what, onLogout) => {
    const { authenticators } = twoProviders(onLogout);
    await using other = await openPageHub({ authenticators, settings: { hookTimeout: 0.3 } });
    const browser = await bySecond(other, 'ada');
    const stolen = { cookie: `jupyterhub-hub-login=${browser.cookie('jupyterhub-hub-login')}` };
    const { status, headers } = await browser.get('/hub/logout');
    expect([status, headers.location]).toEqual([302, '/hub/login']);
    expect((await other.browser().get('/hub/home', stolen)).status).toBe(302);
  });

  it('sends people back to a page that does not sign them in again', async () => {
    const seen: string[] = [];
    const authenticator: Authenticator = {
      autoLogin: true,
      login: { none: true },
      authenticate: async () => ({ name: 'ada' }),
      onLogout: (_login, { returnUrl }) => void seen.push(returnUrl),
    };
    await using other = await openPageHub({ authenticators: [{ id: 'sso', authenticator }] });
    const browser = other.browser();
    await browser.get('/hub/login');
    expect((await browser.get('/hub/logout')).status).toBe(200);
    expect(seen).toEqual([`${other.origin}/hub/logout`]);
    expect((await browser.get('/hub/logout')).text).toContain('Successfully logged out.');
  });

  it('that signs in by itself only on the way to servers shows its page again (P143)', async () => {
    const authenticator: Authenticator = { ...secretAuthenticator, autoLogin: 'oauth-authorize' };
    await using other = await openPageHub({ authenticators: [{ id: 'idp', authenticator }] });
    const browser = await other.signIn('ada');
    expect((await browser.get('/hub/logout')).headers.location).toBe('/hub/login');
  });
});

describe('servers of who signs out (W47)', () => {
  it('go on', async () => {
    const browser = await hub.signIn('nell');
    await hub.startServer('nell');
    await browser.get('/hub/logout');
    const nell = await hub.users.get('nell');
    expect(nell && (await hub.servers.find(nell, ''))?.phase).toBe('ready');
  });

  it('are stopped with shutdownOnLogout; those of others, and one just starting, are left alone', async () => {
    const spawner = fakeSpawner();
    await using other = await openPageHub({ spawner, named: true, settings: { shutdownOnLogout: true } });
    const browser = await other.signIn('ada');
    await other.startServer('ada');
    await other.startServer('grace');
    const ada = await other.users.get('ada');
    if (!ada) throw new Error('no ada');
    const phase = async (name: string, owner = ada) => (await other.servers.find(owner, name))?.phase;
    const goOn = Promise.withResolvers<void>();
    spawner.script.until = goOn.promise;
    const request = { actor: tester, userOptions: null, displayName: null, bulk: false };
    await other.servers.requestStart(ada, 'slow', request);
    await vi.waitFor(async () => expect(await phase('slow')).toBe('starting'));

    expect((await browser.get('/hub/logout')).status).toBe(302);
    await vi.waitFor(async () => expect(await phase('')).toBe('stopped'), 10_000);
    expect(await phase('slow')).toBe('starting');
    const grace = await other.users.get('grace');
    expect(grace && (await phase('', grace))).toBe('ready');
    goOn.resolve();
  });
});
