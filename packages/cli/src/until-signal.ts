import { HubError } from '@hub/core';
import type { Io } from './io.ts';

/** Runs `work` with a signal that SIGINT and SIGTERM abort, so that what was opened is closed again. */
export async function untilSignal<T>(io: Io, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupted = new AbortController();
  const abort = () => interrupted.abort(new HubError('HUB_UNAVAILABLE', 'Interrupted.'));
  const ends = [io.onSignal('SIGINT', abort), io.onSignal('SIGTERM', abort)];
  try {
    return await work(interrupted.signal);
  } finally {
    for (const end of ends) end();
  }
}
