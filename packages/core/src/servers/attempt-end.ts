import type { ServersContext } from './context.ts';
import type { Failure, ServerRecord } from './server.ts';

/** How long the last start has been under way, in seconds; 0 while it waits for its turn. */
export function secondsStarting({ startingAt }: ServerRecord, now: Date): number {
  return startingAt === null ? 0 : Math.max(0, (now.valueOf() - Date.parse(startingAt)) / 1000);
}

/**
 * Tells that an attempt came to nothing, as it was read before the change that ended it. Whoever made that change
 * calls this once, so that each attempt is counted once, over all hubs (P702).
 */
export function tellFailed(
  { events, clock }: Pick<ServersContext, 'events' | 'clock'>,
  server: ServerRecord,
  failure: Pick<Failure, 'reason' | 'expected'>,
): void {
  events.emit('serverFailed', {
    user: server.userName,
    server: server.name,
    attempt: server.attempt,
    cause: failure.reason,
    expected: failure.expected,
    seconds: secondsStarting(server, clock.now()),
  });
}
