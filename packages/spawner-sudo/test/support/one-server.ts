// A program: what one driver does, run as the unprivileged user of a hub. Questions come as lines, answers go as lines.
import { createInterface } from 'node:readline';
import type { JsonValue } from '@hub/core/plugin';
import { type FakeLaunch, fakeLaunch } from '@hub/testing';
import { driver } from './driver.ts';

/** What it is to do. */
export interface OneServerQuestion {
  readonly call: 'check' | 'start' | 'poll' | 'stop' | 'logs';
  /** Whose server it is. */
  readonly account?: string;
}

/** What came of it: the answer, or what was thrown. */
export interface OneServerAnswer {
  readonly answer?: JsonValue;
  readonly state?: JsonValue;
  readonly error?: { readonly message: string; readonly failure: string; readonly hint: string };
}

const [folder = '', mediatorPath = '', witness = ''] = process.argv.slice(2);
const spawner = driver(folder, { mediatorPath, startTimeout: 60 });
let made: FakeLaunch | null = null;

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line) as OneServerQuestion)));
}
await spawner.end();

async function answer({ call, account = '' }: OneServerQuestion): Promise<OneServerAnswer> {
  try {
    if (call === 'check') return { answer: [...((await spawner.checkConfig?.()) ?? [])] };
    if (call === 'start') made = fakeLaunch({ witness });
    if (!made) throw new Error('nothing was started');
    const owner = { ...made.launch.user, name: account };
    const server = { ...made.launch.server, owner };
    if (call === 'start') {
      const origin = await spawner.start({ ...made.launch, user: owner, server });
      return { answer: origin, state: made.state };
    }
    const running = { ...made.running(), server };
    if (call === 'poll') return { answer: (await spawner.poll(running)) as JsonValue };
    if (call === 'logs') return { answer: (await spawner.logs?.(running, 10_000)) ?? '' };
    await spawner.stop(running, 'politely');
    return { answer: null };
  } catch (error) {
    const { message, failure, hint } = error as Error & { failure: string; hint: string };
    return { error: { message, failure, hint } };
  }
}
