import { HubError } from '../plugin/index.ts';
import type { ServersContext } from './context.ts';
import type { ServerRecord } from './server.ts';

/**
 * The row once `done` says so, or as it is after `seconds` or when `closing` is aborted; `null` when it was
 * deleted. News makes it quick, a look every second makes it right.
 */
export async function rowOnce(
  { servers, changes, clock }: ServersContext,
  server: ServerRecord,
  { seconds, closing }: { readonly seconds: number; readonly closing: AbortSignal },
  done: (row: ServerRecord) => boolean,
): Promise<ServerRecord | null> {
  const end = clock.monotonic() + seconds * 1000;
  let wake: () => void = () => undefined;
  const unsubscribe = changes.subscribe('server', (id) => id === String(server.id) && wake());
  try {
    for (;;) {
      const news = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const row = await servers.byId(server.id);
      const left = end - clock.monotonic();
      if (!row || done(row) || left <= 0 || closing.aborted) return row;
      const timer = new AbortController();
      const either = AbortSignal.any([timer.signal, closing]);
      // Aborted means woken or closing: the loop looks which.
      await Promise.race([news, clock.sleep(Math.min(1_000, left), either).catch(() => undefined)]);
      timer.abort();
    }
  } finally {
    unsubscribe();
  }
}

/** The error a waiting start is answered with (R81). */
export function startError(server: ServerRecord | null): HubError {
  const failure = server?.failure;
  if (!failure) return new HubError('HUB_SPAWN_CANCELLED', 'Spawn cancelled', { expose: true });
  return new HubError(
    failure.cause === 'cancelled' ? 'HUB_SPAWN_CANCELLED' : 'HUB_SPAWN_FAILED',
    failure.message,
    {
      status: failure.status,
      expose: true,
      ...(failure.hint === null ? {} : { hint: failure.hint }),
    },
  );
}
