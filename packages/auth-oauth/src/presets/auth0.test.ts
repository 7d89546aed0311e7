import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDoor } from '../../test/support/door.ts';
import { FakeProvider } from '../../test/support/fake-provider.ts';
import { auth0Authenticator } from './auth0.ts';

type Options = Parameters<typeof auth0Authenticator>[0];

const tenant = 'https://engines.eu.auth0.com';
const claim = 'https://hub.engines.example/groups';
let auth0: FakeProvider;

/** The shape of `GET /userinfo`, with a claim of an Action. */
const ada = {
  sub: 'auth0|63f5a1d2c3b4a5968778695a',
  nickname: 'ada',
  name: 'ada@engines.example',
  email: 'ada@engines.example',
  email_verified: true,
  updated_at: '2026-01-01T00:00:00.000Z',
  [claim]: ['staff'],
};

beforeEach(async () => {
  auth0 = await FakeProvider.start();
  await auth0.openId({
    issuer: `${tenant}/`,
    authorize: `${tenant}/authorize`,
    token: `${tenant}/oauth/token`,
    userinfo: `${tenant}/userinfo`,
  });
  auth0.token = {
    access_token: 'access-1',
    token_type: 'Bearer',
    expires_in: 86_400,
    scope: 'openid profile email',
  };
  auth0.idToken = { sub: ada.sub };
  auth0.on('GET', `${tenant}/userinfo`, { json: ada });
});
afterEach(() => auth0[Symbol.asyncDispose]());

function door(options: Partial<Options> = {}) {
  const domain = 'engines.eu.auth0.com';
  return openDoor(auth0Authenticator, auth0Authenticator({ ...auth0.client, domain, ...options }), auth0);
}

describe('who comes in', () => {
  it('is in a group of a claim whose name is an address', async () => {
    const outcome = await (await door({ groupsClaim: claim, allowedGroups: ['staff'] })).signIn();
    expect(outcome).toMatchObject({
      verdict: 'in',
      name: 'ada@engines.example',
      identity: { subject: `${tenant}/#${ada.sub}`, groups: ['staff'] },
    });
  });

  it('is nobody in another group, nor without a rule', async () => {
    expect((await (await door({ groupsClaim: claim, allowedGroups: ['admins'] })).signIn()).verdict).toBe(
      'known',
    );
    expect((await (await door()).signIn()).verdict).toBe('known');
  });

  it('is nobody with an address that is not verified, even where all are let in', async () => {
    for (const email_verified of [false, 'true', undefined]) {
      auth0.on('GET', `${tenant}/userinfo`, { json: { ...ada, email_verified } });
      const outcome = await (await door({ allowAll: true })).signIn();
      expect(outcome).toMatchObject({
        verdict: 'refused',
        refusal: { status: 403, sentence: expect.stringContaining('verified') },
      });
    }
  });

  it('may be somebody without a verified address where the name is another claim', async () => {
    auth0.on('GET', `${tenant}/userinfo`, { json: { ...ada, email_verified: false } });
    const options = { allowAll: true, allowUnverifiedEmail: true };
    expect((await (await door({ ...options, usernameClaim: 'nickname' })).signIn()).name).toBe('ada');
    expect((await door(options)).warnings).toEqual([expect.stringContaining('anybody may claim')]);
  });
});

it.each([
  ['userinfo of somebody else', { json: { ...ada, sub: 'auth0|other' } }],
  ['a fault', { status: 500, json: {} }],
  [
    'a rate limit',
    { status: 429, json: { error: 'access_denied', error_description: 'Global limit has been reached' } },
  ],
])('lets nobody in over %s', async (_what, answer) => {
  auth0.on('GET', `${tenant}/userinfo`, answer);
  const outcome = await (await door({ allowAll: true })).signIn();
  expect(outcome.verdict).toBe('refused');
  expect(outcome.refusal).not.toBeNull();
});

it('logs out at Auth0 and comes back', async () => {
  const { authenticator } = await door({ logoutAtProvider: true });
  const login = {
    id: '1',
    user: {
      id: '1',
      name: 'ada',
      escapedName: 'ada',
      admin: false,
      groups: [],
      created: '2026-01-01T00:00:00Z',
    },
    authenticator: 'auth0',
    subject: ada.sub,
    providerSession: null,
  };
  const returnUrl = 'https://hub.engines.example/hub/login';
  const address = await authenticator.onLogout?.(login, { authState: null, returnUrl });
  expect(address).toBe(`${tenant}/v2/logout?client_id=hub&returnTo=${encodeURIComponent(returnUrl)}`);
});
