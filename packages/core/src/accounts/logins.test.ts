import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Accounts, openAccounts, tester } from '../../test/support/accounts.ts';
import { randomIds } from '../kernel/index.ts';
import { mintToken } from './mint-token.ts';

let hub: Accounts;
beforeAll(async () => {
  hub = await openAccounts();
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
});

const origin = (sessionId: string | null) => ({
  authenticator: 'pam',
  subject: 'ada',
  providerSession: null,
  sessionId,
  userAgent: 'Firefox',
  ip: '::1',
});
const tokenOf = (ownerId: number, sessionId: string | null) =>
  mintToken(
    { store: hub.tokenStore, ids: randomIds },
    {
      ownerKind: 'user',
      ownerId,
      clientId: 'jupyterhub',
      sessionId,
      note: '',
      scopes: ['inherit'],
      expiresIn: null,
    },
  );
const works = async (token: string) => (await hub.credentials.check(token)) !== null;

it('ends with the tokens of its session, and with no others (R167)', async () => {
  const ada = await hub.user('ada');
  const eve = await hub.user('eve');
  const first = await hub.logins.start(tester, ada, origin('one'));
  const second = await hub.logins.start(tester, ada, origin('two'));
  expect(first.secret).toMatch(/^[\w-]{43}$/);
  const mine = await tokenOf(ada.id, 'one');
  const kept = [await tokenOf(ada.id, 'two'), await tokenOf(ada.id, null), await tokenOf(eve.id, 'one')];

  expect(await hub.logins.end(tester, eve, first.id)).toBeNull();
  expect(await hub.logins.end(tester, ada, first.id)).toMatchObject({ id: first.id, sessionId: 'one' });
  expect(await hub.logins.end(tester, ada, first.id)).toBeNull();
  expect(await works(mine.token)).toBe(false);
  expect(await Promise.all(kept.map(({ token }) => works(token)))).toEqual([true, true, true]);
  expect(await hub.credentials.checkLogin(first.secret)).toBeNull();
  expect((await hub.logins.list(ada)).map(({ id }) => id)).toEqual([second.id]);
});

it('ends everywhere, and says so', async () => {
  const bob = await hub.user('bob');
  const logins = [
    await hub.logins.start(tester, bob, origin('x')),
    await hub.logins.start(tester, bob, origin('y')),
  ];
  const bound = await tokenOf(bob.id, 'y');
  const free = await tokenOf(bob.id, null);
  const heard: string[] = [];
  hub.events.on('signedOut', ({ user }) => void heard.push(user));
  expect(await hub.logins.endAll(tester, bob)).toBe(2);
  expect(await Promise.all(logins.map(({ secret }) => hub.credentials.checkLogin(secret)))).toEqual([
    null,
    null,
  ]);
  expect([await works(bound.token), await works(free.token)]).toEqual([false, true]);
  expect(heard).toEqual(['bob']);
  const [row] = await hub.sql`SELECT details FROM audit WHERE action = 'login.end-all'`;
  expect(row?.details).toEqual({ logins: 2, tokens: 1 });
});
