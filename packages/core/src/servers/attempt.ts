import type { Exit } from '../plugin/index.ts';
import type { ServersContext } from './context.ts';
import type { ServerRecord } from './server.ts';

/** Thrown where a write found the server in other hands: whoever sees it touches nothing more. */
export class LostLaunch extends Error {
  constructor() {
    super('this launch is no longer the current one');
    this.name = 'LostLaunch';
  }
}

/** One launch under way in this hub. */
export interface Attempt {
  readonly server: ServerRecord;
  readonly signal: AbortSignal;
  readonly abort: (reason: unknown) => void;
  /** Secrets given to the server, to be kept out of what its owner is shown. */
  readonly secrets: Set<string>;
  /** The server's exit, when it is noticed. */
  readonly exited: Promise<Exit>;
  readonly reportExit: (exit: Exit) => void;
}

/** A write of this launch's owner, or {@link LostLaunch}. */
export async function changeStarting(
  context: ServersContext,
  server: ServerRecord,
  to: Parameters<ServersContext['servers']['change']>[1],
): Promise<ServerRecord> {
  const row = await context.servers.change({ id: server.id, fence: server.fence, phase: 'starting' }, to);
  if (!row) throw new LostLaunch();
  return row;
}
