import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Accounts, openAccounts, tester } from '../../test/support/accounts.ts';
import { randomIds } from '../kernel/index.ts';
import { mintToken } from './mint-token.ts';

const hour = 3600;
const day = 24 * hour;

let hub: Accounts;
beforeAll(async () => {
  hub = await openAccounts();
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
});

const signIn = (accounts: Accounts, user: { id: number; name: string }) =>
  accounts.logins.start(tester, user, {
    authenticator: 'pam',
    subject: user.name,
    providerSession: null,
    sessionId: `session of ${user.name}`,
    userAgent: 'test',
    ip: '::1',
  });
/** A token as an application gets it by way of a login. */
const tokenOf = (userId: number, loginId: number | null, expiresIn: number | null = 14 * day) =>
  mintToken(
    { store: hub.tokenStore, ids: randomIds },
    {
      ownerKind: 'user',
      ownerId: userId,
      clientId: 'jupyterhub',
      sessionId: null,
      loginId,
      note: '',
      scopes: ['inherit'],
      expiresIn,
    },
  );
const works = async (accounts: Accounts, token: string) => (await accounts.credentials.check(token)) !== null;
const isIn = async (accounts: Accounts, secret: string) =>
  (await accounts.credentials.checkLogin(secret)) !== null;

it('a token never outlives the login it came from, however that ends', async () => {
  const ada = await hub.user('ada');
  const login = await signIn(hub, ada);
  const other = await signIn(hub, ada);
  const bound = await tokenOf(ada.id, login.id);
  const kept = [await tokenOf(ada.id, other.id), await tokenOf(ada.id, null)];
  expect(await works(hub, bound.token)).toBe(true);

  await hub.sql`UPDATE logins SET expires_at = hub_now() - interval '1 second' WHERE id = ${login.id}`;
  expect(await works(hub, bound.token)).toBe(false);
  expect((await hub.tokens.list(ada)).map(({ id }) => id)).not.toContain(bound.id);
  await hub.tokens.purge();
  const rows = await hub.sql`SELECT id FROM tokens WHERE user_id = ${ada.id} ORDER BY id`;
  expect(rows.map(({ id }) => Number(id))).toEqual(kept.map(({ id }) => id));

  await hub.logins.end(tester, ada, other.id);
  expect(await Promise.all(kept.map(({ token }) => works(hub, token)))).toEqual([false, true]);
  const late = await tokenOf(ada.id, other.id);
  expect(await works(hub, late.token)).toBe(false); // made when its login had gone
});

it('a lower maximum holds for tokens and logins there are, servers excepted; a second time it changes nothing', async () => {
  const bea = await hub.user('bea');
  const login = await signIn(hub, bea);
  const [endless, long, short, ofServer] = [
    await tokenOf(bea.id, null, null),
    await tokenOf(bea.id, null, 30 * day),
    await tokenOf(bea.id, null, hour),
    await tokenOf(bea.id, null, null),
  ];
  await hub.sql`INSERT INTO servers (user_id, name, spawner, token_id) VALUES (${bea.id}, '', 'x', ${ofServer.id})`;
  const ends = async () => {
    const rows = await hub.sql`SELECT id, round(extract(epoch FROM expires_at - created))::int AS life
      FROM tokens WHERE user_id = ${bea.id} ORDER BY id`;
    return rows.map(({ life }) => life);
  };
  expect(await ends()).toEqual([null, 30 * day, hour, null]);

  const lives = { tokenSeconds: 7 * day, loginSeconds: 2 * day, idleSeconds: null };
  await using strict = await openAccounts({ database: hub.database, lives });
  await strict.tokens.limitLives();
  expect(await ends()).toEqual([7 * day, 7 * day, hour, null]);
  const [row] = await hub.sql`SELECT round(extract(epoch FROM expires_at - created))::int AS life
    FROM logins WHERE id = ${login.id}`;
  expect(row?.life).toBe(2 * day);

  const versions = () => hub.sql`SELECT id, xmin::text FROM tokens WHERE user_id = ${bea.id}
    UNION ALL SELECT id, xmin::text FROM logins WHERE user_id = ${bea.id} ORDER BY 1, 2`;
  const before = await versions();
  await strict.tokens.limitLives();
  expect(await versions()).toEqual(before);

  await hub.sql`UPDATE tokens SET created = created - interval '8 days' WHERE user_id = ${bea.id}`;
  await strict.tokens.limitLives();
  const all = [endless, long, short, ofServer];
  expect(await Promise.all(all.map(({ token }) => works(hub, token)))).toEqual([false, false, false, true]);
});

it('a login that nobody uses ends; use puts that off, by cookie or by a token of the login, up to its age', async () => {
  const lives = { loginSeconds: 10 * hour, idleSeconds: 2 * hour };
  await using idle = await openAccounts({ lives, activityResolution: 0 });
  const cleo = await idle.user('cleo');
  const dan = await idle.user('dan');
  const [unused, used, byToken] = [
    await signIn(idle, cleo),
    await signIn(idle, cleo),
    await signIn(idle, dan),
  ];
  const bound = await mintToken(
    { store: idle.tokenStore, ids: randomIds },
    {
      ownerKind: 'user',
      ownerId: dan.id,
      clientId: 'jupyterhub',
      sessionId: null,
      loginId: byToken.id,
      note: '',
      scopes: ['inherit'],
      expiresIn: null,
    },
  );
  for (let round = 0; round < 6; round++) {
    expect(await isIn(idle, used.secret)).toBe(true);
    expect(await works(idle, bound.token)).toBe(true);
    await idle.lastSeen.drain();
    await idle.passTime(1.5 * hour);
  }
  expect(await isIn(idle, unused.secret)).toBe(false);
  expect(await isIn(idle, used.secret)).toBe(true);
  await idle.lastSeen.drain();
  await idle.passTime(1.5 * hour); // ten and a half hours since it began
  expect(await isIn(idle, used.secret)).toBe(false);
  expect(await works(idle, bound.token)).toBe(false);
});
