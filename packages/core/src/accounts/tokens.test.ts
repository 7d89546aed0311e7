import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Accounts, openAccounts, tester } from '../../test/support/accounts.ts';
import { randomIds } from '../kernel/index.ts';
import { mintToken } from './mint-token.ts';
import type { UserRecord } from './records.ts';

let hub: Accounts;
let ada: UserRecord;
beforeAll(async () => {
  hub = await openAccounts();
  ada = await hub.user('ada');
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
});

const self = { kind: 'user', name: 'ada' } as const;

describe('asking for a token', () => {
  it('gives 32 hex digits, of which only the hash is stored (R99, R170)', async () => {
    const { token, id, record } = await hub.tokens.create(self, ada, { note: 'mine' });
    expect(token).toMatch(/^[0-9a-f]{32}$/);
    expect(record).toMatchObject({
      id,
      owner: { kind: 'user', id: ada.id, name: 'ada' },
      note: 'mine',
      scopes: ['inherit'],
      clientName: 'JupyterHub',
      expiresAt: null,
      sessionId: null,
      client: { kind: 'hub' },
    });
    const [row] = await hub.sql`SELECT to_jsonb(t)::text AS row FROM tokens t WHERE id = ${id}`;
    expect(row?.row).not.toContain(token);
    expect((await hub.sql`SELECT details FROM audit WHERE action = 'token.create'`).length).toBe(1);
  });

  it('notes who asked (R94)', async () => {
    const note = async (actor: typeof tester, wish = {}) =>
      (await hub.tokens.create(actor, ada, wish)).record.note;
    expect(await note(self)).toBe('Requested via api');
    expect(await note({ kind: 'service', name: 'bot' })).toBe('Requested via api by service bot');
    expect(await note(self, { note: 17 })).toBe('17');
  });

  it.each([
    [{ expiresIn: 1.5 }, 'token expires_in must be null or integer, not 1.5'],
    [{ expiresIn: '60' }, 'token expires_in must be null or integer, not 60'],
    [{ expiresIn: 0 }, 'expires_in must be a positive integer or null, not 0'],
    [{ expiresIn: 1e300 }, 'must not exceed'],
    [{ scopes: ['bogus'] }, `"Scope 'bogus' for token does not exist"`],
    [{ scopes: ['list:users'] }, 'Not assigning requested scopes'],
    [{ scopes: ['servers!user=bob'] }, 'not held by User ada'],
  ])('refuses %j with 400 (R95, R97)', async (wish, message) => {
    await expect(hub.tokens.create(self, ada, wish)).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining(message),
    });
  });

  it('takes what the owner holds, also more narrowly, and nothing at all (R96, R97)', async () => {
    for (const scopes of [['servers!server=ada/x'], [], ['read:users!user', 'self']]) {
      const { token } = await hub.tokens.create(tester, ada, { scopes });
      expect(await hub.credentials.check(token)).not.toBeNull();
    }
  });

  it('keeps to the longest life there is (R95)', async () => {
    await using strict = await openAccounts({ database: hub.database, lives: { tokenSeconds: 1000 } });
    const { record } = await strict.tokens.create(self, ada, {});
    expect(record.expiresAt).not.toBeNull();
    await expect(strict.tokens.create(self, ada, { expiresIn: 1001 })).rejects.toThrow(
      'token expires_in: 1001 must not exceed 1000',
    );
  });
});

describe('tokens there are', () => {
  it('are found under their own owner only (R100)', async () => {
    const eve = await hub.user('eve');
    const { id } = await hub.tokens.create(self, ada, {});
    expect((await hub.tokens.get(ada, `a${id}`)).id).toBe(id);
    for (const name of [`a${id}`, `${id}`, 'a0', 'ax', 'a99999999999999999999']) {
      await expect(hub.tokens.get(eve, name)).rejects.toMatchObject({
        status: 404,
        message: `No such token ${name} for user eve`,
      });
    }
  });

  it('are listed by last use or else creation, without expired ones (R100)', async () => {
    const fay = await hub.user('fay');
    const first = await hub.tokens.create(tester, fay, {});
    const second = await hub.tokens.create(tester, fay, {});
    await hub.tokens.create(tester, fay, { expiresIn: 5 });
    await hub.credentials.check(first.token);
    await hub.lastSeen.drain();
    await hub.passTime(10);
    expect((await hub.tokens.list(fay)).map(({ id }) => id)).toEqual([second.id, first.id]);
    const purged = await hub.tokens.purge();
    expect(purged.tokens).toBeGreaterThanOrEqual(1);
    expect((await hub.tokens.purge()).tokens).toBe(0);
  });

  it('go at once when revoked; one of an application takes all of that application (R101)', async () => {
    const gil = await hub.user('gil');
    await hub.clients.put({
      identifier: 'service-x',
      description: '',
      secret: null,
      redirectUri: '',
      allowedScopes: [],
    });
    const wish = {
      ownerKind: 'user',
      ownerId: gil.id,
      clientId: 'service-x',
      sessionId: null,
      note: '',
      scopes: [],
      expiresIn: null,
    } as const;
    const deps = { store: hub.tokenStore, ids: randomIds };
    const oauth = await mintToken(deps, { ...wish, secret: randomIds.alphanumeric30() });
    await mintToken(deps, wish);
    const own = await hub.tokens.create(tester, gil, {});
    expect(oauth.token).toHaveLength(30);
    await hub.tokens.revoke(tester, gil, `a${oauth.id}`);
    expect((await hub.tokens.list(gil)).map(({ id }) => id)).toEqual([own.id]);
    await hub.tokens.revoke(tester, gil, `a${own.id}`);
    expect(await hub.credentials.check(own.token)).toBeNull();
  });
});
