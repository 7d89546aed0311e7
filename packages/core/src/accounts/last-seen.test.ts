import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Accounts, openAccounts, tester } from '../../test/support/accounts.ts';
import { randomIds } from '../kernel/index.ts';
import { mintToken } from './mint-token.ts';

let hub: Accounts;
beforeAll(async () => {
  hub = await openAccounts({ activityResolution: 30 });
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
});

/** A user with a token of that note, and a function that uses it and answers when both were seen. */
async function seen(name: string, note: string) {
  const user = await hub.user(name);
  const wish = {
    ownerKind: 'user',
    ownerId: user.id,
    clientId: 'jupyterhub',
    sessionId: null,
    scopes: [],
    expiresIn: null,
  } as const;
  const { token, id } = await mintToken({ store: hub.tokenStore, ids: randomIds }, { ...wish, note });
  return async () => {
    await hub.credentials.check(token);
    await hub.lastSeen.drain();
    return {
      token: (await hub.tokenStore.get(user.id, id))?.lastActivity,
      user: (await hub.users.get(name))?.lastActivity,
    };
  };
}

describe('using a token (R11)', () => {
  it('marks token and user', async () => {
    const use = await seen('ada', 'mine');
    const { token, user } = await use();
    expect(token).toMatch(/^\d{4}-/);
    expect(user).toMatch(/^\d{4}-/);
  });

  it('of a server marks the token alone', async () => {
    const use = await seen('bob', 'Server at /user/bob/');
    expect(await use()).toEqual({ token: expect.stringMatching(/^\d{4}-/), user: null });
  });

  it('marks again only after the resolution', async () => {
    const use = await seen('cy', '');
    const first = await use();
    expect(await use()).toEqual(first);
    await hub.passTime(31);
    const later = await use();
    expect(later.token && first.token && later.token > first.token).toBe(true);
    expect(later.user && first.user && later.user > first.user).toBe(true);
  });
});

it('using a login marks login and user (R11)', async () => {
  const user = await hub.user('dan');
  const login = await hub.logins.start(tester, user, {
    authenticator: 'pam',
    subject: 'ada',
    providerSession: null,
    sessionId: null,
    userAgent: '',
    ip: '',
  });
  const before = (await hub.logins.list(user))[0]?.lastSeen;
  await hub.passTime(31);
  await hub.credentials.checkLogin(login.secret);
  await hub.lastSeen.drain();
  const after = (await hub.logins.list(user))[0]?.lastSeen;
  expect(after && before && after > before).toBe(true);
  expect((await hub.users.get('dan'))?.lastActivity).toMatch(/^\d{4}-/);
});

it('tells who waits that a mark was not written, and goes on', async () => {
  const use = await seen('eve', '');
  await hub.sql`ALTER TABLE tokens RENAME COLUMN last_activity TO was_last_activity`;
  try {
    await expect(hub.lastSeen.commit([{ kind: 'token', id: 1, at: null }])).rejects.toMatchObject({
      code: 'HUB_DATABASE',
    });
  } finally {
    await hub.sql`ALTER TABLE tokens RENAME COLUMN was_last_activity TO last_activity`;
  }
  expect((await use()).token).toMatch(/^\d{4}-/);
});
