import { unlessAborted } from '@hub/posix';
import { isHubError } from '../../plugin/index.ts';
import { endServer } from './postmaster.ts';
import type { PrivatePostgres } from './private-postgres.ts';
import { type Place, reach } from './reach.ts';
import { openSession, type Session } from './session.ts';

const longestPauseMs = 2_000;

/** Keeps the server running and held from the first session until `close`. */
export function supervise(place: Place, first: Session): PrivatePostgres {
  const { folder, log, clock } = place;
  const closing = new AbortController();
  const listeners = new Set<() => void>();
  let current = Promise.resolve(first);
  let closed: Promise<'left' | 'stopped'> | undefined;
  watch(first);

  function watch(session: Session): void {
    void session.closed.then(() => {
      if (closing.signal.aborted) return;
      current = regain();
      current.catch(() => {}); // rejects at close alone, which needs no telling
      for (const listener of listeners) listener();
    });
  }

  async function regain(): Promise<Session> {
    const lost = clock.monotonic();
    log.warn({ folder: folder.path }, 'private PostgreSQL lost');
    for (let attempt = 0; ; attempt++) {
      try {
        const session = await reach(place, closing.signal);
        log.info(
          { folder: folder.path, ms: Math.round(clock.monotonic() - lost) },
          'private PostgreSQL back',
        );
        watch(session);
        return session;
      } catch (error) {
        closing.signal.throwIfAborted();
        log.error({ folder: folder.path, err: error, ...hintOf(error) }, 'private PostgreSQL does not start');
        await clock.sleep(Math.min(longestPauseMs, 100 * 2 ** attempt), closing.signal);
      }
    }
  }

  async function leave(): Promise<'left' | 'stopped'> {
    closing.abort(new Error('The private PostgreSQL is closed'));
    const session = await current.catch(() => null);
    try {
      if (session) return (await stopIfLast(session)) ? 'stopped' : 'left';
    } catch {
      // Lost in this moment: below.
    } finally {
      await session?.end();
    }
    // Perhaps the connection alone was lost: then nobody else may be left to stop the server.
    const another = await openSession(place.connection).catch(() => null);
    const last = another !== null && (await stopIfLast(another).catch(() => false));
    await another?.end();
    return last ? 'stopped' : 'left';
  }

  async function stopIfLast(session: Session): Promise<boolean> {
    if (!(await session.isLast())) return false;
    await endServer(folder, clock);
    return true;
  }

  const close = () => {
    closed ??= leave();
    return closed;
  };

  return {
    connection: place.connection,
    version: place.binaries.major,
    close,
    async ensureRunning(signal) {
      const either = AbortSignal.any([signal, closing.signal]);
      for (;;) {
        const session = await unlessAborted(current, either);
        const answers = await unlessAborted(
          session.check().then(
            () => true,
            () => false, // being lost: its `closed` follows
          ),
          either,
        );
        if (answers) return;
        await unlessAborted(session.closed, either);
      }
    },
    onLost(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async [Symbol.asyncDispose]() {
      await close();
    },
  };
}

function hintOf(error: unknown): { hint?: string } {
  return isHubError(error) && error.hint !== undefined ? { hint: error.hint } : {};
}
