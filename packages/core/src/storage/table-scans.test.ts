import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Accounts, openAccounts } from '../../test/support/accounts.ts';
import type { UserQuery } from '../accounts/ports.ts';
import { postgresActivity, postgresTokens } from './accounts/index.ts';
import { postgresServers } from './servers/index.ts';
import { postgresShareCodes, postgresShares } from './sharing/index.ts';

const large = [
  'users',
  'servers',
  'tokens',
  'logins',
  'server_events',
  'shares',
  'memberships',
  'identities',
];
const hubId = 'this-hub';

let hub: Accounts;
beforeAll(async () => {
  hub = await openAccounts();
  const { sql: run } = hub;
  await run`INSERT INTO hubs (id, host, place, pid, process_start, version, listen_url, connect_url, started_at, lease_until)
    SELECT id, id, 'p', 1, '', '0', '', '', hub_now(), hub_now() + lease FROM (VALUES
      (${hubId}, interval '1 hour'), ('dead-hub', interval '-1 hour')) hubs(id, lease)`;
  await run`INSERT INTO users (name, last_activity)
    SELECT 'user-' || n, hub_now() - n * interval '1 minute' FROM generate_series(1, 20000) n`;
  await run`INSERT INTO identities (user_id, authenticator, subject) SELECT id, 'pam', name FROM users`;
  await run`INSERT INTO tokens (user_id, hash, prefix, client_id)
    SELECT id, encode(sha256((name || n)::bytea), 'hex'), 'x', 'jupyterhub' FROM users, generate_series(1, 3) n`;
  await run`INSERT INTO logins (user_id, hash, authenticator, expires_at)
    SELECT id, encode(sha256(name::bytea), 'hex'), 'pam', hub_now() + interval '1 day' FROM users`;
  await run`INSERT INTO servers (user_id, name, spawner) SELECT id, '', 'x' FROM users`;
  await run`UPDATE servers SET phase = 'ready', target = 'http://x', attempt = 1 WHERE id % 2000 = 0`;
  await run`UPDATE servers SET phase = 'queued', queued_at = hub_now() WHERE id % 2000 = 1`;
  await run`UPDATE servers SET phase = 'starting', owner = ${hubId} WHERE id % 2000 = 2`;
  await run`UPDATE servers SET phase = 'stopping', owner = 'dead-hub' WHERE id % 2000 = 3`;
  await run`INSERT INTO server_events (server_id, attempt, seq, event)
    SELECT id, 1, n, '{}' FROM servers, generate_series(1, 5) n`;
  await run`INSERT INTO groups (name) SELECT 'group-' || n FROM generate_series(1, 500) n`;
  await run`INSERT INTO memberships (group_id, user_id)
    SELECT g.id, u.id FROM groups g JOIN users u ON u.id % 500 = g.id % 500`;
  await run`INSERT INTO shares (server_id, user_id, scopes)
    SELECT s.id, u.id, '["access:servers"]' FROM servers s JOIN users u ON u.id = s.user_id + 1`;
  await run`INSERT INTO share_codes (server_id, hash, scopes, expires_at)
    SELECT id, 'hash-' || id, '["access:servers"]', hub_now() + interval '1 day' FROM servers`;
  await run`ANALYZE`;
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
});

/** How often each large table was read whole on the connection of this transaction. */
async function wholeReads(): Promise<Map<string, number>> {
  const rows = await hub.db.run((q) =>
    q.execute<{ relname: string; seq_scan: string }>(sql`SELECT relname, seq_scan
      FROM pg_stat_xact_user_tables WHERE relname = ANY(${sql.param(large)}::text[])`),
  );
  return new Map(rows.map((row) => [row.relname, Number(row.seq_scan)]));
}

/** Runs it often enough for a prepared statement to get its lasting plan; answers with the large tables it read whole. */
function scanned(work: () => Promise<unknown>): Promise<string[]> {
  return hub.db.transaction(async () => {
    const before = await wholeReads();
    for (let time = 0; time < 7; time++) await work();
    const after = await wholeReads();
    return large.filter((table) => after.get(table) !== before.get(table));
  });
}

const page: UserQuery = {
  access: { kind: 'all' },
  state: null,
  nameFilter: '',
  sort: { by: 'id', descending: false },
  offset: 100,
  limit: 50,
};
const server = { kind: 'server', id: 17 } as const;
const spawners = ['x'];

// What happens at every request, every start or every second on every hub must not grow with the number of users.
it.each<[string, (now: Accounts) => Promise<unknown>]>([
  ['a token is checked', ({ credentials }) => credentials.check('nobody')],
  ['a user is found by name', ({ store }) => store.byName('user-17')],
  [
    'users are listed whose servers are ready, as an idle culler asks',
    ({ store }) => store.page({ ...page, offset: 0, state: 'ready' }),
  ],
  [
    'users are listed whose servers are active',
    ({ store }) => store.page({ ...page, offset: 0, state: 'active' }),
  ],
  ['tokens of a user are listed', ({ db }) => postgresTokens(db).ofUser(17)],
  ['one token of a user is read', ({ db }) => postgresTokens(db).get(17, 17)],
  ['a server is found by owner and name', ({ db }) => postgresServers(db).byNames('user-17', '')],
  ["a server is found by its owner's id", ({ db }) => postgresServers(db).byName(17, '')],
  ['servers of a user are listed', ({ db }) => postgresServers(db).ofUser(17)],
  ['servers are counted', ({ db }) => postgresServers(db).counts()],
  ['starts leave the queue', ({ db }) => postgresServers(db).takeFromQueue({ owner: hubId, spawners }, 100)],
  ['a place in the queue is told', ({ db }) => postgresServers(db).queuePosition(2001)],
  [
    'servers of dead hubs are claimed',
    ({ db }) => postgresServers(db).claimAbandoned({ owner: hubId, spawners, host: 'h', hostBound: [] }),
  ],
  ['a hub looks after its own servers', ({ db }) => postgresServers(db).ownedAndDue(hubId)],
  [
    'ready servers are polled',
    ({ db }) => postgresServers(db).readyServers({ spawners, host: 'h', hostBound: [] }),
  ],
  ['servers of disabled users are looked for', ({ db }) => postgresServers(db).ofDisabledOwners()],
  ['routes are listed', ({ db }) => postgresServers(db).routed()],
  ['what runs is compared with what should', ({ db }) => postgresServers(db).currentKeys(['500-1', '501-1'])],
  ['progress is read', ({ db }) => postgresServers(db).eventsSince(2000, 1, 2)],
  [
    'progress is written',
    ({ db }) => postgresServers(db).appendEvents({ id: 2000, fence: 0, attempt: 1 }, 6, [{ message: 'x' }]),
  ],
  ['old progress is forgotten', ({ db }) => postgresServers(db).clearEvents(2000, 1)],
  [
    'activity is found and written',
    async ({ db }) => {
      const at = new Date().toISOString();
      await postgresActivity(db).find('user-17');
      await postgresActivity(db).write([
        { kind: 'user', id: 17, at },
        { kind: 'server', id: 17, at },
        { kind: 'token', id: 17, at },
        { kind: 'login', id: 17, at },
      ]);
    },
  ],
  ['shares of a server are listed', ({ db }) => postgresShares(db).page(server, { offset: 0, limit: 50 })],
  [
    'shares with a user are listed',
    ({ db }) => postgresShares(db).page({ kind: 'user', id: 17 }, { offset: 0, limit: 50 }),
  ],
  [
    'shares with a group are listed',
    ({ db }) => postgresShares(db).page({ kind: 'group', id: 17 }, { offset: 0, limit: 50 }),
  ],
  ['one share is found', ({ db }) => postgresShares(db).find(17, { kind: 'user', id: 18 })],
  [
    'share codes of a server are listed',
    ({ db }) => postgresShareCodes(db).page(server, { offset: 0, limit: 50 }),
  ],
])('no large table is read whole when %s', async (_what, work) => {
  expect(await scanned(() => work(hub))).toEqual([]);
});

it('a whole read would be noticed', async () => {
  expect(
    await scanned(() => hub.db.run((q) => q.execute(sql`SELECT count(*) FROM users WHERE admin`))),
  ).toEqual(['users']);
});
