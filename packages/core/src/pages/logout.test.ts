import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPageHub, type PageHub, secretAuthenticator } from '../../test/support/page-hub.ts';
import { hashSecret } from '../kernel/index.ts';

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

  it('goes on where the authenticator says', async () => {
    const told: string[] = [];
    const authenticator = {
      ...secretAuthenticator,
      onLogout: async ({ user }: { user: { name: string } }) => {
        told.push(user.name);
        return 'https://idp.example/logout';
      },
    };
    await using other = await openPageHub({ authenticators: [{ id: 'idp', authenticator }] });
    const browser = await other.signIn('ada');
    expect((await browser.get('/hub/logout')).headers.location).toBe('https://idp.example/logout');
    expect(told).toEqual(['ada']);
  });
});
