import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Accounts, openAccounts } from '../../test/support/accounts.ts';
import { randomIds } from '../kernel/index.ts';
import { mintToken } from './mint-token.ts';
import type { UserRecord } from './records.ts';

let hub: Accounts;
let ada: UserRecord;
beforeAll(async () => {
  hub = await openAccounts();
  ada = await hub.user('ada');
  await hub.clients.put({ ...wish, secret: 'first' });
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
});

const wish = {
  identifier: 'service-web',
  description: 'Web',
  redirectUri: '/services/web/oauth_callback',
  allowedScopes: ['read:users', 'access:services!service=web'],
};
const code = {
  loginId: null,
  clientId: 'service-web',
  sessionId: 'session',
  redirectUri: '/services/web/oauth_callback',
  scopes: ['read:users'],
  codeChallenge: null,
  codeChallengeMethod: null,
};

it('keeps a client, replaces it, and checks its secret (W65)', async () => {
  const first = await hub.clients.get('service-web');
  if (!first) throw new Error('the client is missing');
  expect(first.allowedScopes).toEqual(['access:services!service=web', 'read:users']);
  expect(hub.clients.hasSecret(first, 'first')).toBe(true);
  expect(hub.clients.hasSecret(first, 'First')).toBe(false);

  await hub.clients.put({ ...wish, secret: 'second' });
  const second = await hub.clients.get('service-web');
  expect(second && hub.clients.hasSecret(second, 'first')).toBe(false);
  const own = await hub.clients.get('jupyterhub');
  expect(own && hub.clients.hasSecret(own, '')).toBe(false);
  expect(await hub.clients.get('nobody')).toBeNull();
});

it('gives a code once, to one of twenty who ask at once (R166)', async () => {
  const issued = await hub.codes.issue({ ...code, userId: ada.id });
  expect(issued).toMatch(/^[A-Za-z0-9]{30}$/);
  const taken = await Promise.all(Array.from({ length: 20 }, () => hub.codes.consume(issued)));
  expect(taken.filter((one) => one !== null)).toEqual([expect.objectContaining({ ...code, userId: ada.id })]);
  const [row] = await hub.sql`SELECT count(*)::int AS count FROM oauth_codes`;
  expect(row?.count).toBe(0);
});

it('refuses a code after five minutes (R166)', async () => {
  const issued = await hub.codes.issue({ ...code, userId: ada.id });
  await hub.passTime(301);
  expect(await hub.codes.consume(issued)).toBeNull();
});

it('knows what the user granted already (R165)', async () => {
  const covering = (scopes: string[]) => hub.clients.hasTokensCovering(ada.id, 'service-web', scopes);
  expect(await covering(['read:users'])).toBe(false);
  await mintToken(
    { store: hub.tokenStore, ids: randomIds },
    {
      ownerKind: 'user',
      ownerId: ada.id,
      clientId: 'service-web',
      sessionId: null,
      note: '',
      scopes: ['read:users'],
      expiresIn: 60,
    },
  );
  expect(await covering(['read:users'])).toBe(true);
  expect(await covering(['read:users', 'servers'])).toBe(false);
  await hub.passTime(61);
  expect(await covering(['read:users'])).toBe(false);
});

it('takes tokens and codes with the client (R173)', async () => {
  const issued = await hub.codes.issue({ ...code, userId: ada.id });
  expect(await hub.clients.remove('service-web')).toBe(true);
  expect(await hub.codes.consume(issued)).toBeNull();
  expect(await hub.clients.remove('service-web')).toBe(false);
});
