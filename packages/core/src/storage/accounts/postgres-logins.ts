import { and, desc, eq, gte } from 'drizzle-orm';
import type { LoginStore } from '../../accounts/ports.ts';
import type { LoginRecord } from '../../accounts/records.ts';
import type { Database } from '../database.ts';
import { logins } from '../tables/index.ts';
import { now, secondsFromNow } from './database-time.ts';

/** Logins in PostgreSQL. */
export function postgresLogins(db: Database): LoginStore {
  return {
    async add({ expiresIn, ...login }) {
      const [row] = await db.run((q) =>
        q
          .insert(logins)
          .values({ ...login, lastSeen: now, expiresAt: secondsFromNow(expiresIn) })
          .returning({ id: logins.id }),
      );
      return row?.id ?? 0;
    },
    async ofUser(userId) {
      const rows = await db.run((q) =>
        q
          .select()
          .from(logins)
          .where(and(eq(logins.userId, userId), gte(logins.expiresAt, now)))
          .orderBy(desc(logins.id)),
      );
      return rows.map(withoutHash);
    },
    async remove(userId, id) {
      const [row] = await db.run((q) =>
        q
          .delete(logins)
          .where(and(eq(logins.userId, userId), eq(logins.id, id)))
          .returning(),
      );
      return row ? withoutHash(row) : null;
    },
    async removeAll(userId) {
      const gone = await db.run((q) =>
        q.delete(logins).where(eq(logins.userId, userId)).returning({ id: logins.id }),
      );
      return gone.length;
    },
  };
}

function withoutHash({ hash: _, ...login }: typeof logins.$inferSelect): LoginRecord {
  return login;
}
