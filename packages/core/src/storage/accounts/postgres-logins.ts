import { and, desc, eq, gte, inArray, type SQL } from 'drizzle-orm';
import type { LoginStore, ProviderLogins } from '../../accounts/ports.ts';
import type { LoginRecord } from '../../accounts/records.ts';
import type { Database } from '../database.ts';
import { logins, users } from '../tables/index.ts';
import { now, secondsFromNow } from './database-time.ts';
import { requireUser } from './kept-out.ts';

/** Logins in PostgreSQL. */
export function postgresLogins(db: Database): LoginStore {
  return {
    async add({ expiresIn, ...login }) {
      await requireUser(db, login.userId);
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
    async removeOfProvider(which) {
      if (which.subject === undefined && which.providerSession === undefined) return [];
      // Locked in the order of their ids: two requests that end the same logins wait instead of dying.
      const found = await db.run((q) =>
        q
          .select({ login: logins, user: users.name })
          .from(logins)
          .innerJoin(users, eq(users.id, logins.userId))
          .where(isOfProvider(which))
          .orderBy(logins.id)
          .for('update', { of: logins }),
      );
      const ids = found.map(({ login }) => login.id);
      if (ids.length > 0) await db.run((q) => q.delete(logins).where(inArray(logins.id, ids)));
      return found.map(({ login, user }) => ({ ...withoutHash(login), user }));
    },
  };
}

/** What one authenticator began, for a subject, in a session of its provider, or both. */
export function isOfProvider({ authenticator, subject, providerSession }: ProviderLogins): SQL | undefined {
  return and(
    eq(logins.authenticator, authenticator),
    subject === undefined ? undefined : eq(logins.subject, subject),
    providerSession === undefined ? undefined : eq(logins.providerSession, providerSession),
  );
}

function withoutHash({ hash: _, ...login }: typeof logins.$inferSelect): LoginRecord {
  return login;
}
