import { databaseNow } from '../kernel/index.ts';
import type { Exit } from '../plugin/index.ts';
import type { Attempts } from './attempts.ts';
import type { ServersContext } from './context.ts';
import type { ServerRecord } from './server.ts';
import { tellServer } from './server-news.ts';

/** A ready server is gone: clean up after it. Who is second finds another fence or phase. */
export async function cleanUpEnded(
  context: ServersContext,
  attempts: Attempts,
  server: ServerRecord,
  exit: Exit,
): Promise<void> {
  const current = await context.servers.byId(server.id);
  if (!current || current.attempt !== server.attempt || current.phase !== 'ready') return;
  const row = await context.servers.change(
    { id: current.id, fence: current.fence, phase: 'ready' },
    { phase: 'stopping', owner: context.run.id, stoppingAt: databaseNow },
    { raiseFence: true },
  );
  if (!row) return;
  const { code: exitCode, signal, reason } = exit;
  const fields = { user: server.userName, server: server.name, exitCode, signal, reason };
  // Servers that end themselves when nobody uses them do so with 0, and that is no trouble.
  if (exit.code === 0 && !exit.signal) context.log.info(fields, 'server ended by itself');
  else context.log.warn(fields, 'server ended by itself');
  tellServer(context.changes, row);
  await attempts.stop(row);
}
