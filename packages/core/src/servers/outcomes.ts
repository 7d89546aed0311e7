import { HubError } from '../plugin/index.ts';
import type { ServersContext } from './context.ts';
import type { Phase, ServerRecord } from './server.ts';
import { onServerNews } from './server-news.ts';

/** How long somebody waits at most, and what ends every wait. */
export interface Wait {
  readonly seconds: number;
  readonly closing: AbortSignal;
}

/** What a start came to within the time its caller waits. */
export type StartOutcome = { readonly ready: boolean; readonly server: ServerRecord };

/** Waits until the start is over, as long as `wait` says. Throws what it failed with (R81). */
export async function startOutcome(
  context: ServersContext,
  server: ServerRecord,
  wait: Wait,
): Promise<StartOutcome> {
  // A failed start is answered when it is cleaned up: the caller may then try again at once.
  const settled = await rowOnce(context, server, wait, ['ready', 'stopped']);
  if (settled?.phase === 'ready') return { ready: true, server: settled };
  if (settled && (settled.phase === 'queued' || settled.phase === 'starting'))
    return { ready: false, server: settled };
  throw startError(settled);
}

/** Waits until it is stopped, as long as `wait` says. True: it is. */
export async function stopOutcome(
  context: ServersContext,
  server: ServerRecord,
  wait: Wait,
): Promise<boolean> {
  const row = await rowOnce(context, server, wait, ['stopped']);
  return row === null || row.phase === 'stopped';
}

/**
 * The row once it is in one of these phases, or as it is after `seconds` or when `closing` is aborted; `null` when it was
 * deleted. News makes it quick, a look every second makes it right.
 */
async function rowOnce(
  { servers, changes, clock }: ServersContext,
  server: ServerRecord,
  { seconds, closing }: Wait,
  phases: readonly Phase[],
): Promise<ServerRecord | null> {
  const end = clock.monotonic() + seconds * 1000;
  let wake: () => void = () => undefined;
  const unsubscribe = onServerNews(changes, ({ id, phase }) => {
    if (id === server.id && (phase === 'removed' || phases.includes(phase))) wake();
  });
  try {
    for (;;) {
      const news = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const row = await servers.byId(server.id);
      const left = end - clock.monotonic();
      if (!row || phases.includes(row.phase) || left <= 0 || closing.aborted) return row;
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
function startError(server: ServerRecord | null): HubError {
  const failure = server?.failure;
  if (!failure) return new HubError('HUB_SPAWN_CANCELLED', 'Spawn cancelled', { expose: true });
  return new HubError(
    failure.cause === 'cancelled' ? 'HUB_SPAWN_CANCELLED' : 'HUB_SPAWN_FAILED',
    failure.message,
    {
      status: failure.status,
      expose: true,
      headers: failure.headers ?? {},
      ...(failure.hint === null ? {} : { hint: failure.hint }),
    },
  );
}
