import type { AuditEntry, UnitOfWork } from '../kernel/index.ts';
import type { Database } from './database.ts';
import { audit } from './tables/index.ts';

/** Transactions of PostgreSQL, each with its audit row. */
export function postgresUnitOfWork(db: Database): UnitOfWork {
  return {
    run: (entry, work) =>
      db.transaction(async () => {
        const result = await work();
        if (entry) await writeAudit(db, entry);
        return result;
      }),
    read: (work) => db.transaction(work, { readOnly: true }),
    afterCommit: (then) => db.afterCommit(then),
    get inTransaction() {
      return db.inTransaction;
    },
  };
}

async function writeAudit(db: Database, entry: AuditEntry): Promise<void> {
  await db.run((q) =>
    q.insert(audit).values({
      actorKind: entry.actor.kind,
      actor: entry.actor.name,
      ip: entry.actor.ip ?? '',
      action: entry.action,
      target: entry.target,
      details: entry.details ?? {},
    }),
  );
}
