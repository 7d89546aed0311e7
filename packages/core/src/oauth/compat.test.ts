import { expect, it } from 'vitest';
import type { OAuthClient, OAuthCode } from '../accounts/index.ts';
import { makeCode, type Redemption, redeemCode } from './compat.ts';

const client: OAuthClient = {
  identifier: 'service-x',
  description: '',
  secretHash: 'hash',
  redirectUri: '/cb',
  allowedScopes: [],
  serviceId: 1,
  serverId: null,
  client: { kind: 'service', service: 'x' },
};
const code: OAuthCode = {
  clientId: 'service-x',
  userId: 1,
  sessionId: null,
  loginId: null,
  redirectUri: '/cb',
  scopes: ['a'],
  codeChallenge: null,
  codeChallengeMethod: null,
  expiresAt: '2000-01-01T00:00:00Z',
};
const redemption = (change: Partial<Redemption> = {}): Redemption => ({
  body: { grant_type: 'authorization_code', client_id: 'service-x', client_secret: 's', code: 'c' },
  basic: undefined,
  authenticate: async () => client,
  take: async () => code,
  scopesNow: async () => ['a'],
  newToken: () => 'token',
  save: async () => {},
  ...change,
});

it('leaves the age of a code to the database', async () => {
  expect(await redeemCode(redemption())).toEqual({ ok: true, token: 'token', scopes: ['a'] });
});

const broken = new Error('the database is away');
const failing = async (): Promise<never> => {
  throw broken;
};

it.each(['authenticate', 'take', 'scopesNow', 'save'] as const)(
  'hands on what %s throws as it is: it is no mistake of the client',
  async (name) => {
    await expect(redeemCode(redemption({ [name]: failing }))).rejects.toBe(broken);
  },
);

it('hands on why a code cannot be stored', async () => {
  const wish = { client, redirectUri: '/cb', scopes: [], codeChallenge: null, codeChallengeMethod: null };
  await expect(makeCode({ ...wish, newCode: () => 'c', save: failing })).rejects.toBe(broken);
});

it('asks for a secret even where the library does not', async () => {
  const asked: unknown[] = [];
  const { client_secret: _, ...rest } = redemption().body;
  const result = await redeemCode(
    redemption({
      body: { ...rest, code_verifier: 'v'.repeat(43) },
      async authenticate(_identifier, secret) {
        asked.push(secret);
        return client;
      },
    }),
  );
  expect(result).toEqual({ ok: false, refusal: { error: 'invalid_client' }, codeIsSpent: false });
  expect(asked).toEqual([]);
});
