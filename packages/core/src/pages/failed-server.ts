import type { ServerRecord } from '../servers/index.ts';

/** A server whose last start or run failed. */
export type FailedServer = ServerRecord & { readonly failure: NonNullable<ServerRecord['failure']> };

/** A start that somebody cancelled did not fail: nothing is to be told, and it may be started again as before (W39). */
export function hasFailed(row: ServerRecord | null): row is FailedServer {
  return row !== null && row.failure !== null && row.failure.cause !== 'cancelled';
}
