import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../plugin/index.ts';
import { encodeEvents } from './event-stream.ts';

/** A clock whose sleepers wake when told. */
function manualClock() {
  const sleepers: { ms: number; wake: () => void }[] = [];
  const clock: Clock = {
    now: () => new Date(0),
    monotonic: () => 0,
    every: () => () => {},
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        sleepers.push({ ms, wake: resolve });
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
  };
  return { clock, sleepers };
}

async function* of(...events: object[]) {
  yield* events;
}

async function collect(stream: AsyncIterable<string>) {
  const lines: string[] = [];
  for await (const line of stream) lines.push(line);
  return lines;
}

const live = () => new AbortController().signal;

describe('R86: an event stream', () => {
  it('begins with a blank line, writes one line of JSON per event, and ends with the source', async () => {
    const { clock } = manualClock();
    const stream = encodeEvents(of({ progress: 0, message: 'a\nb' }, { ready: true }), {
      clock,
      keepAlive: true,
      signal: live(),
    });
    expect(await collect(stream)).toEqual([
      '\n\n',
      'data: {"progress":0,"message":"a\\nb"}\n\n',
      'data: {"ready":true}\n\n',
    ]);
  });

  it('of a server already ready has its one event and nothing before it', async () => {
    const { clock, sleepers } = manualClock();
    const stream = encodeEvents(of({ ready: true }), { clock, keepAlive: false, signal: live() });
    expect(await collect(stream)).toEqual(['data: {"ready":true}\n\n']);
    expect(sleepers).toEqual([]);
  });

  it('sends a blank line every 8 s while nothing happens, and loses no event by it', async () => {
    const { clock, sleepers } = manualClock();
    const { promise, resolve } = Promise.withResolvers<void>();
    async function* slow() {
      await promise;
      yield { ready: true };
    }
    const stream = encodeEvents(slow(), { clock, keepAlive: true, signal: live() });
    expect((await stream.next()).value).toBe('\n\n');
    for (let i = 0; i < 3; i++) {
      const next = stream.next();
      await delay(0);
      expect(sleepers).toHaveLength(i + 1);
      expect(sleepers[i]?.ms).toBe(8_000);
      sleepers[i]?.wake();
      expect((await next).value).toBe('\n\n');
    }
    resolve();
    expect(await collect(stream)).toEqual(['data: {"ready":true}\n\n']);
  });

  it('asks for an event only when the last one was taken', async () => {
    const { clock } = manualClock();
    let asked = 0;
    async function* counted() {
      for (;;) yield { n: ++asked };
    }
    const stream = encodeEvents(counted(), { clock, keepAlive: false, signal: live() });
    await stream.next();
    await delay(0);
    expect(asked).toBe(1);
    await stream.return();
  });

  it('ends when the client goes, and lets the source clean up', async () => {
    const { clock } = manualClock();
    const client = new AbortController();
    let closed = false;
    const events: AsyncIterable<object> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: async () => {
          closed = true;
          return { done: true, value: undefined };
        },
      }),
    };
    const stream = encodeEvents(events, { clock, keepAlive: true, signal: client.signal });
    await stream.next();
    const next = stream.next();
    client.abort();
    expect((await next).done).toBe(true);
    expect(closed).toBe(true);
  });

  it('passes on what the source throws', async () => {
    const { clock } = manualClock();
    async function* broken(): AsyncGenerator<object> {
      yield {};
      throw new Error('boom');
    }
    const stream = encodeEvents(broken(), { clock, keepAlive: true, signal: live() });
    await expect(collect(stream)).rejects.toThrow('boom');
  });
});
