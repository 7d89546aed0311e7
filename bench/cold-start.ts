import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { type Contender, startHub } from './contender.ts';
import type { Figures, Measures } from './figures.ts';
import { type CpuSeconds, cpuOf } from './processes.ts';
import { median } from './statistics.ts';

export const coldStartMeasures = {
  first: { title: 'very first start to ready', unit: 's' },
  firstCpu: { title: '  CPU of hub and database', unit: 's' },
  again: { title: 'start with its data to ready, median', unit: 's' },
  againWorst: { title: '  slowest', unit: 's' },
  againCpu: { title: '  CPU of hub and database, median', unit: 's' },
  againProxyCpu: { title: '  CPU of the proxy, median', unit: 's' },
} as const satisfies Measures;

interface Start {
  readonly seconds: number;
  readonly cpu: CpuSeconds;
}

/**
 * Starts each hub in an empty folder and then `runs` times with the data that is there. They take turns, so that
 * a machine that changes its mind changes it for both.
 */
export async function coldStarts(
  contenders: readonly Contender[],
  { runs, folder, signal }: { readonly runs: number; readonly folder: string; readonly signal: AbortSignal },
): Promise<ReadonlyMap<Contender, Figures<typeof coldStartMeasures>>> {
  const starts = new Map<Contender, Start[]>(contenders.map((contender) => [contender, []]));
  for (let run = 0; run <= runs; run++) {
    for (const [contender, done] of starts) done.push(await startOnce(contender, folder, signal));
  }
  return new Map([...starts].map(([contender, done]) => [contender, summary(done)]));
}

async function startOnce(contender: Contender, below: string, signal: AbortSignal): Promise<Start> {
  const folder = path.join(below, `cold-${contender.name}`);
  await mkdir(folder, { recursive: true });
  await using hub = await startHub(contender, folder, signal);
  return { seconds: hub.secondsToReady, cpu: await cpuOf(hub) };
}

function summary([first, ...again]: readonly Start[]): Figures<typeof coldStartMeasures> {
  const seconds = again.map((start) => start.seconds);
  return {
    ...(first && { first: first.seconds, firstCpu: work(first) }),
    ...(again.length > 0 && {
      again: median(seconds),
      againWorst: Math.max(...seconds),
      againCpu: median(again.map(work)),
      againProxyCpu: median(again.map(({ cpu }) => cpu.proxy)),
    }),
  };
}

// `initdb` and other helpers of the start have ended by then; the proxy and PostgreSQL have not.
const work = ({ cpu }: Start) => cpu.hub + cpu.database + cpu.ended;
