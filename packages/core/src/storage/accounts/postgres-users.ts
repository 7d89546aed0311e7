import { and, eq, sql } from 'drizzle-orm';
import type { Removal, Renaming, UserQuery, UserStore } from '../../accounts/ports.ts';
import type { Clock } from '../../plugin/index.ts';
import type { Database } from '../database.ts';
import {
  identities,
  memberships,
  oauthClients,
  roles,
  servers,
  shares,
  userRoles,
  users,
} from '../tables/index.ts';
import { idArray, raiseAccessVersions, textArray } from './access-versions.ts';
import {
  conditionKey,
  countUsers,
  type RecordRow,
  selectByName,
  selectByNames,
  selectPage,
  type UserRow,
  userDetails,
  userRecord,
} from './user-page.ts';

const recordColumns = {
  id: users.id,
  name: users.name,
  admin: users.admin,
  disabled: sql<boolean>`${users.disabled} OR ${users.blocked}`,
  userInfo: users.userInfo,
  created: users.created,
  lastActivity: users.lastActivity,
};

/** Users in PostgreSQL. */
export function postgresUsers(db: Database, clock: Clock): UserStore {
  const countOf = recentCounts(db, clock);

  return {
    async byName(name) {
      const [row] = await db.run((q) => q.execute<UserRow>(selectByName(name)));
      return row ? userDetails(row) : null;
    },
    async byNames(names) {
      const rows = await db.run((q) => q.execute<UserRow>(selectByNames(names)));
      const byName = new Map(rows.map((row) => [row.name, userDetails(row)]));
      return names.map((name) => byName.get(name)).filter((user) => user !== undefined);
    },
    async page(query) {
      const rows = await db.run((q) => q.execute<UserRow>(selectPage(query)));
      const items = rows.map(userDetails);
      const isLast = items.length < query.limit && (items.length > 0 || query.offset === 0);
      return { items, total: isLast ? query.offset + items.length : await countOf(query) };
    },
    async add(names, admin) {
      // Ids in the order asked, rows in the order of names: two hubs that add the same ones never wait in a circle.
      const rows = await db.run((q) =>
        q.execute<RecordRow>(sql`
          WITH wanted AS MATERIALIZED (
            SELECT nextval(pg_get_serial_sequence('users', 'id')) AS id, name
            FROM (
              SELECT name, min(nr) AS nr
              FROM jsonb_array_elements_text(${JSON.stringify(names)}::jsonb) WITH ORDINALITY AS n(name, nr)
              GROUP BY name ORDER BY nr
            ) asked
          )
          INSERT INTO ${users} (id, name, admin) OVERRIDING SYSTEM VALUE
          SELECT id, name, ${admin}::boolean FROM wanted ORDER BY name COLLATE "C"
          ON CONFLICT (name) DO NOTHING
          RETURNING id, name, admin, disabled OR blocked AS disabled, user_info, created, last_activity`),
      );
      const added = rows.map(userRecord);
      await giveRoles(
        db,
        added.map(({ id }) => id),
        admin ? ['user', 'admin'] : ['user'],
      );
      const byName = new Map(added.map((user) => [user.name, user]));
      return [...new Set(names)].map((name) => byName.get(name)).filter((user) => user !== undefined);
    },
    remove: (id) => db.transaction(() => removeUser(db, id)),
    setAdmin: (id, admin) => db.transaction(() => setAdmin(db, id, admin)),
    async setUserInfo(id, info) {
      await db.run((q) => q.update(users).set({ userInfo: info }).where(eq(users.id, id)));
    },
    rename: (id, name) => db.transaction(() => rename(db, id, name)),
    async setDisabled(id, disabled) {
      const changed = await db.run((q) =>
        q
          .update(users)
          .set({ disabled, accessVersion: sql`${users.accessVersion} + 1` })
          .where(and(eq(users.id, id), eq(users.disabled, !disabled)))
          .returning({ id: users.id }),
      );
      return changed.length > 0;
    },
    async assertDefaultRoles(id) {
      const [user] = await db.run((q) =>
        q.select({ admin: users.admin }).from(users).where(eq(users.id, id)),
      );
      if (user) await giveRoles(db, [id], user.admin ? ['user', 'admin'] : ['user']);
    },
    async byIdentity(authenticator, subject) {
      const [user] = await db.run((q) =>
        q
          .select(recordColumns)
          .from(identities)
          .innerJoin(users, eq(users.id, identities.userId))
          .where(and(eq(identities.authenticator, authenticator), eq(identities.subject, subject))),
      );
      return user ?? null;
    },
    async identitiesOf(userId) {
      await db.run((q) => q.execute(sql`SELECT FROM ${users} WHERE id = ${userId} FOR NO KEY UPDATE`));
      return db.run((q) =>
        q
          .select({ authenticator: identities.authenticator, subject: identities.subject })
          .from(identities)
          .where(eq(identities.userId, userId)),
      );
    },
    async bind(userId, authenticator, subject) {
      await db.run((q) =>
        q.insert(identities).values({ userId, authenticator, subject }).onConflictDoNothing(),
      );
      const [bound] = await db.run((q) =>
        q
          .select({ userId: identities.userId })
          .from(identities)
          .where(and(eq(identities.authenticator, authenticator), eq(identities.subject, subject))),
      );
      return bound?.userId ?? userId;
    },
  };
}

/** Gives roles that are missing and raises the access version of those who got one. */
async function giveRoles(db: Database, ids: readonly number[], names: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const given = await db.run((q) =>
    q.execute<{ user_id: string }>(sql`
      INSERT INTO ${userRoles} (user_id, role_id)
      SELECT u.id, r.id FROM ${users} u CROSS JOIN ${roles} r
      WHERE u.id = ANY(${idArray(ids)}) AND r.name = ANY(${textArray(names)}) ORDER BY 1, 2
      ON CONFLICT DO NOTHING RETURNING user_id`),
  );
  if (given.length > 0)
    await raiseAccessVersions(db, sql`id = ANY(${idArray(given.map((row) => Number(row.user_id)))})`);
}

async function setAdmin(db: Database, id: number, admin: boolean): Promise<boolean> {
  const changed = await db.run((q) =>
    q
      .update(users)
      .set({ admin, accessVersion: sql`${users.accessVersion} + 1` })
      .where(and(eq(users.id, id), eq(users.admin, !admin)))
      .returning({ id: users.id }),
  );
  if (changed.length === 0) return false;
  if (admin) await giveRoles(db, [id], ['admin']);
  else {
    await db.run((q) =>
      q.execute(sql`DELETE FROM ${userRoles} WHERE user_id = ${id}
        AND role_id = (SELECT id FROM ${roles} WHERE name = 'admin')`),
    );
  }
  return true;
}

async function rename(db: Database, id: number, name: string): Promise<Renaming> {
  const obstacle = await lockAtRest(db, id);
  if (obstacle) return obstacle;
  const holders = await db.run((q) => q.select({ id: users.id }).from(users).where(eq(users.name, name)));
  if (holders.length > 0) return 'taken';
  await db.run((q) => q.update(users).set({ name }).where(eq(users.id, id)));
  return 'renamed';
}

/** Locks the user and their servers: none can be made or started until this transaction ends. */
async function lockAtRest(db: Database, id: number): Promise<'absent' | 'has-active-servers' | null> {
  const there = await db.run((q) => q.execute(sql`SELECT FROM ${users} WHERE id = ${id} FOR UPDATE`));
  if (there.length === 0) return 'absent';
  const owned = await db.run((q) =>
    q
      .select({ phase: servers.phase })
      .from(servers)
      .where(eq(servers.userId, id))
      .orderBy(servers.id)
      .for('update'),
  );
  return owned.some(({ phase }) => phase !== 'stopped') ? 'has-active-servers' : null;
}

async function removeUser(db: Database, id: number): Promise<Removal> {
  const obstacle = await lockAtRest(db, id);
  if (obstacle) return obstacle;

  // Whoever was let into these servers must not keep that right for a later server of the same name.
  const shared = sql`SELECT h.user_id, h.group_id FROM ${shares} h JOIN ${servers} v ON v.id = h.server_id WHERE v.user_id = ${id}`;
  await raiseAccessVersions(
    db,
    sql`id IN (SELECT s.user_id FROM (${shared}) s WHERE s.user_id IS NOT NULL
      UNION SELECT m.user_id FROM (${shared}) s JOIN ${memberships} m USING (group_id))`,
  );
  await db.run((q) =>
    q.execute(
      sql`DELETE FROM ${oauthClients} WHERE server_id IN (SELECT id FROM ${servers} WHERE user_id = ${id})`,
    ),
  );
  await db.run((q) => q.delete(users).where(eq(users.id, id)));
  return 'removed';
}

/** Totals may be one second old: paging through a long list counts it once a second, not once a page. */
function recentCounts(db: Database, clock: Clock): (query: UserQuery) => Promise<number> {
  const known = new Map<string, { readonly at: number; readonly total: Promise<number> }>();

  return async (query) => {
    const key = conditionKey(query);
    const at = clock.monotonic();
    for (const [old, entry] of known) if (at - entry.at >= 1000) known.delete(old);
    const recent = known.get(key);
    if (recent) return recent.total;

    const total = db
      .run((q) => q.execute<{ total: number }>(countUsers(query)))
      .then(([row]) => row?.total ?? 0);
    known.set(key, { at, total });
    total.catch(() => known.delete(key));
    return total;
  };
}
