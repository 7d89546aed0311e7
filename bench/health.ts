import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import type { RunningHub } from './contender.ts';
import { percentile } from './statistics.ts';

/** Milliseconds: longer than either hub waits for a server. */
const patience = 160_000;
/** Milliseconds between two looks: rare enough that a stalled hub's queue of connections does not overflow. */
const lookEvery = 50;

/** Does `work`, and looks often, meanwhile, how many milliseconds the hub takes to answer somebody else. */
export async function whileWatchingHealth<T>(
  hub: RunningHub,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly healthP99: number }> {
  const done = new AbortController();
  const health = watch(hub, AbortSignal.any([done.signal, signal]));
  try {
    const result = await work();
    done.abort();
    return { result, healthP99: percentile(await health, 0.99) };
  } finally {
    done.abort();
    await health.catch(() => undefined);
  }
}

async function watch({ settings }: RunningHub, until: AbortSignal): Promise<number[]> {
  const agent = new Agent({
    connect: { timeout: patience },
    headersTimeout: patience,
    bodyTimeout: patience,
  });
  const asked: Promise<number>[] = [];
  const look = async () => {
    const began = performance.now();
    const answer = await agent.request({ origin: settings.hubUrl, path: '/hub/api/health', method: 'GET' });
    await answer.body.dump();
    if (answer.statusCode !== 200) throw new Error(`GET /hub/api/health answered ${answer.statusCode}`);
    return performance.now() - began;
  };
  try {
    while (!until.aborted) {
      // Not one after the other: a hub that stalls would be asked less often, and look better than it is.
      const answer = look();
      answer.catch(() => undefined); // told by `all` below
      asked.push(answer);
      await sleep(lookEvery, undefined, { signal: until }).catch(() => undefined);
    }
    return await Promise.all(asked);
  } finally {
    await agent.destroy();
  }
}
