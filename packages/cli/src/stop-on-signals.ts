import { constants } from 'node:os';
import type { Io } from './io.ts';

/** The terminal, npm and a shell may pass on the same key press: signals this close are one. */
const samePressMs = 500;

/** Tells whether a signal has come, and gives the signals back. */
export interface StopSignals {
  readonly received: () => boolean;
  readonly end: () => void;
}

/** SIGINT and SIGTERM call `stop`; a second one does not wait for it (P642, our fix: there it changes nothing). */
export function stopOnSignals(io: Io, stop: () => Promise<void>): StopSignals {
  let first: number | null = null;
  const onSignal = (signal: 'SIGINT' | 'SIGTERM') => () => {
    const now = performance.now();
    if (first === null) {
      first = now;
      io.out('Stopping. A second signal ends the hub without waiting.\n');
      void stop();
    } else if (now - first > samePressMs) {
      io.out(
        'Ended without waiting: servers, the proxy and a private PostgreSQL may go on running. ' +
          'The next start finds them again; `hub db stop` ends the database.\n',
      );
      io.exit(128 + constants.signals[signal]);
    }
  };
  const ends = (['SIGINT', 'SIGTERM'] as const).map((signal) => io.onSignal(signal, onSignal(signal)));
  return {
    received: () => first !== null,
    end() {
      for (const end of ends) end();
    },
  };
}
