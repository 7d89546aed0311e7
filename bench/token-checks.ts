import { Pool } from 'undici';
import type { RunningHub } from './contender.ts';
import type { Figures, Measures } from './figures.ts';
import { cpuBetween, cpuOf } from './processes.ts';
import { percentile } from './statistics.ts';

export const tokenCheckMeasures = {
  rate: { title: 'requests', unit: '/s', higherIsBetter: true },
  p50: { title: 'answered within, p50', unit: 'ms' },
  p99: { title: 'answered within, p99', unit: 'ms' },
  hubCpu: { title: 'CPU of the hub, each request', unit: 'ms' },
  databaseCpu: { title: 'CPU of PostgreSQL, each request', unit: 'ms' },
  allCpu: { title: 'CPU of hub and database, each request', unit: 'ms' },
} as const satisfies Measures;

const connections = 32;

/** Asks `GET /hub/api/user` with a token for `seconds`, over 32 connections that each wait for their answer. */
export async function tokenChecks(
  hub: RunningHub,
  { seconds, through, signal }: { seconds: number; through: 'hub' | 'proxy'; signal: AbortSignal },
): Promise<Figures<typeof tokenCheckMeasures>> {
  const { hubUrl, publicUrl } = hub.settings;
  await using pool = disposable(new Pool(through === 'hub' ? hubUrl : publicUrl, { connections }));
  const load = (milliseconds: number) => ask(pool, hub.token, performance.now() + milliseconds, signal);

  await load(Math.min(2_000, seconds * 250)); // both are quicker when they are warm
  const before = await cpuOf(hub);
  const began = performance.now();
  const times = await load(seconds * 1_000);
  const took = (performance.now() - began) / 1_000;
  const cpu = cpuBetween(before, await cpuOf(hub));

  const each = (cpuSeconds: number) => (cpuSeconds * 1_000) / times.length;
  return {
    rate: times.length / took,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    hubCpu: each(cpu.hub),
    ...(cpu.database > 0 && { databaseCpu: each(cpu.database) }),
    allCpu: each(cpu.hub + cpu.database),
  };
}

async function ask(pool: Pool, token: string, until: number, signal: AbortSignal): Promise<number[]> {
  const times: number[] = [];
  const headers = { authorization: `token ${token}` };
  const askOn = async () => {
    while (performance.now() < until) {
      const began = performance.now();
      const { statusCode, body } = await pool.request({
        method: 'GET',
        path: '/hub/api/user',
        headers,
        signal,
      });
      const text = await body.text();
      if (statusCode !== 200) throw new Error(`GET /hub/api/user answered ${statusCode}: ${text}`);
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: connections }, askOn));
  return times;
}

function disposable(pool: Pool): Pool & AsyncDisposable {
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.destroy() });
}
