import { type SQL, sql } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Accounts, openAccounts } from '../../../test/support/accounts.ts';
import type { ProviderLogins, UserQuery } from '../../accounts/ports.ts';
import { hashSecret } from '../../kernel/index.ts';
import { logins } from '../tables/index.ts';
import { selectDetailedToken, selectLogin, selectToken } from './postgres-credentials.ts';
import { userGrants } from './postgres-grants.ts';
import { isOfProvider } from './postgres-logins.ts';
import { countUsers, selectByName, selectPage } from './user-page.ts';

let hub: Accounts;
beforeAll(async () => {
  hub = await openAccounts();
  await hub.sql`INSERT INTO users (name, last_activity)
    SELECT 'user-' || n, CASE WHEN n % 3 > 0 THEN now() - n * interval '1 minute' END FROM generate_series(1, 5000) n`;
  await hub.sql`INSERT INTO tokens (user_id, hash, prefix, client_id)
    SELECT id, encode(sha256(name::bytea), 'hex'), 'x', 'jupyterhub' FROM users`;
  await hub.sql`INSERT INTO logins (user_id, hash, authenticator, subject, expires_at)
    SELECT id, encode(sha256(name::bytea), 'hex'), 'pam', name, now() + interval '1 day' FROM users`;
  await hub.sql`UPDATE logins SET provider_session = 'session-' || id`;
  await hub.sql`INSERT INTO identities (user_id, authenticator, subject, signed_in_at, refreshed_at)
    SELECT id, a, name, now(), now() FROM users, unnest(ARRAY['pam', 'github']) a`;
  await hub.sql`INSERT INTO servers (user_id, name, spawner) SELECT id, '', 'x' FROM users`;
  await hub.sql`UPDATE servers SET phase = 'ready', target = 'http://x' WHERE id % 100 = 0`;
  await hub.sql`INSERT INTO groups (name) SELECT 'group-' || n FROM generate_series(1, 2000) n`;
  await hub.sql`INSERT INTO memberships (group_id, user_id) SELECT g.id, u.id FROM groups g JOIN users u ON u.id % 2000 = g.id % 2000`;
  await hub.sql`INSERT INTO user_roles (user_id, role_id) SELECT u.id, r.id FROM users u, roles r WHERE r.name = 'user'`;
  await hub.sql`INSERT INTO shares (server_id, user_id, scopes) SELECT s.id, u.id, '["access:servers"]' FROM servers s JOIN users u ON u.id = s.user_id + 1`;
  await hub.sql`ANALYZE`;
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
});

/** Tables with thousands of rows that the plan reads from end to end. */
async function scannedWhole({ sql: text, params }: { sql: string; params: unknown[] }): Promise<string[]> {
  const [row] = await hub.sql.unsafe(`EXPLAIN (FORMAT JSON) ${text}`, params as string[]);
  const found = JSON.stringify(row).matchAll(/"Node Type":"Seq Scan"[^}]*?"Relation Name":"(\w+)"/g);
  const small = new Set(['settings', 'roles', 'services', 'oauth_clients', 'group_roles']);
  return [...found].map(([, table]) => table ?? '').filter((table) => !small.has(table));
}

const statement = (query: SQL) => new PgDialect().sqlToQuery(query);
describe('the hot statements use indexes', () => {
  it('one token check, one probe', async () => {
    const hash = hashSecret('user-17');
    expect(await scannedWhole(statement(selectToken(hash)))).toEqual([]);
    expect(await scannedWhole(statement(selectDetailedToken(hash)))).toEqual([]);
    expect(await scannedWhole(statement(selectToken(hash, true)))).toEqual([]);
    expect(await scannedWhole(statement(selectDetailedToken(hash, true)))).toEqual([]);
  });

  it('prepared once on a connection', async () => {
    const count = await hub.work.run(null, async () => {
      for (let i = 0; i < 9; i++) await hub.credentials.check('nobody');
      const rows = await hub.db.run((q) =>
        q.execute(sql`SELECT FROM pg_prepared_statements WHERE statement LIKE '%WHERE t.hash = $%'`),
      );
      return rows.length;
    });
    expect(count).toBe(1);
  });

  it('one login check, one probe', async () => {
    expect(await scannedWhole(statement(selectLogin(hashSecret('user-17'))))).toEqual([]);
  });

  it('the logins of one person or session at a provider', async () => {
    const find = (which: Omit<ProviderLogins, 'authenticator'>) =>
      scannedWhole(
        statement(
          sql`SELECT id FROM ${logins} WHERE ${isOfProvider({ authenticator: 'pam', ...which })} FOR UPDATE`,
        ),
      );
    expect(await find({ subject: 'user-17' })).toEqual([]);
    expect(await find({ providerSession: 'session-17' })).toEqual([]);
    expect(await find({ subject: 'user-17', providerSession: 'session-17' })).toEqual([]);
  });

  it('what one user holds', async () => {
    expect(await scannedWhole(statement(userGrants('17')))).toEqual([]);
  });

  it('one user by name', async () => {
    expect(await scannedWhole(statement(selectByName('user-17')))).toEqual([]);
  });

  const page: UserQuery = {
    access: { kind: 'all' },
    state: null,
    nameFilter: '',
    sort: { by: 'id', descending: false },
    offset: 100,
    limit: 50,
  };
  it.each(
    (['id', 'name', 'last_activity'] as const).flatMap((by) => [
      { by, descending: false },
      { by, descending: true },
    ]),
  )('a page by $by, descending $descending', async (sort) => {
    const query = statement(selectPage({ ...page, sort }));
    expect(await scannedWhole(query)).toEqual([]);
    const [row] = await hub.sql.unsafe(`EXPLAIN (FORMAT JSON) ${query.sql}`, query.params as string[]);
    // The order comes from an index; only the page itself may be sorted again.
    expect(JSON.stringify(row)).toContain('Index');
  });

  it('a page of one group', async () => {
    const groups = new Set(['group-7']);
    const access = {
      kind: 'some',
      users: new Set<string>(),
      groups,
      servers: new Set<string>(),
      services: new Set<string>(),
    } as const;
    expect(await scannedWhole(statement(selectPage({ ...page, access })))).toEqual([]);
  });

  it('a part of a name, by trigrams, once there are too many users to read', async () => {
    const query = statement(countUsers({ ...page, nameFilter: 'ser-17' }));
    const plan = await hub.sql.begin(async (q) => {
      await q`SET LOCAL enable_seqscan = off`;
      return q.unsafe(`EXPLAIN (FORMAT JSON) ${query.sql}`, query.params as string[]);
    });
    expect(JSON.stringify(plan)).toContain('users_name_trigrams');
  });

  it('finds a whole scan when there is one', async () => {
    expect(await scannedWhole(statement(sql`SELECT * FROM users WHERE created < now()`))).toEqual(['users']);
  });
});
