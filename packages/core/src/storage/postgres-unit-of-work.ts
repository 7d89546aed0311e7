import { sql } from 'drizzle-orm';
import type { AuditEntry, UnitOfWork } from '../kernel/index.ts';
import type { Logger } from '../plugin/index.ts';
import type { Database } from './database.ts';
import { audit } from './tables/index.ts';

/** Transactions of PostgreSQL, each with its audit row, and a log line for each row once it is committed. */
export function postgresUnitOfWork(db: Database, log: Logger): UnitOfWork {
  const write = async (entries: readonly AuditEntry[]): Promise<void> => {
    await writeAudit(db, entries);
    db.afterCommit(() => {
      for (const { actor, action, target, details = {} } of entries) {
        log.info(
          { actor: actor.name, actorKind: actor.kind, ip: actor.ip, action, target, details },
          'audit',
        );
      }
    });
  };
  return {
    run: (entry, work) =>
      db.transaction(async () => {
        const result = await work();
        if (entry) await write([entry]);
        return result;
      }),
    note: write,
    read: (work) => db.transaction(work, { readOnly: true }),
    afterCommit: (then) => db.afterCommit(then),
    get inTransaction() {
      return db.inTransaction;
    },
  };
}

/** However many lines, one statement with one parameter. */
async function writeAudit(db: Database, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map(({ actor, action, target, details = {} }) => ({
    actor_kind: actor.kind,
    actor: actor.name,
    ip: actor.ip ?? '',
    action,
    target,
    details,
  }));
  await db.run((q) =>
    q.execute(sql`
      INSERT INTO ${audit} (actor_kind, actor, ip, action, target, details)
      SELECT actor_kind, actor, ip, action, target, details
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        AS e(actor_kind text, actor text, ip text, action text, target text, details jsonb)`),
  );
}
