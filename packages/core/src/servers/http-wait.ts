import { type Dispatcher, request } from 'undici';
import type { Clock } from '../plugin/index.ts';

/** What is known of a server that answers. */
export interface Answered {
  /** Its `X-JupyterHub-Version`, when it sent one. */
  readonly peerVersion: string | null;
}

/**
 * Waits until `url` answers with anything below 500 (P223): no redirects, back-off up to a second. Rejects when
 * `signal` is aborted. `dispatcher` makes the connections, where they need certificates.
 */
export async function untilAnswers(
  url: string,
  clock: Clock,
  signal: AbortSignal,
  dispatcher: Dispatcher | null = null,
): Promise<Answered> {
  for (let pause = 50; ; pause = Math.min(1_000, pause * 1.6)) {
    signal.throwIfAborted();
    const answer = await ask(url, signal, dispatcher);
    if (answer) return answer;
    await clock.sleep(pause, signal);
  }
}

async function ask(
  url: string,
  signal: AbortSignal,
  dispatcher: Dispatcher | null,
): Promise<Answered | null> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(5_000)]);
    const { statusCode, headers, body } = await request(url, {
      method: 'GET',
      signal: limit,
      headers: { connection: 'close' },
      ...(dispatcher && { dispatcher }),
    });
    await body.dump({ limit: 65_536 });
    if (statusCode >= 500) return null;
    const version = headers['x-jupyterhub-version'];
    return { peerVersion: typeof version === 'string' ? version.slice(0, 64) : null };
  } catch {
    return null; // refused, reset, not HTTP yet: the caller's limit decides how long this may go on
  }
}
