import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { endProcessesBelow } from './processes.ts';

/** The clone. */
export const root = path.resolve(import.meta.dirname, '..');

/** As little work as a process can be, so that the hubs' own work shows. */
const trivialServer = [
  path.join(root, '.venv/bin/python'),
  '-I',
  '-S',
  path.join(import.meta.dirname, 'trivial_server.py'),
];

/** What students have: JupyterLab as its hub starts it. */
export const labServer: readonly string[] = [
  path.join(root, '.venv/bin/jupyterhub-singleuser'),
  ...(process.getuid?.() === 0 ? ['--allow-root'] : []),
];

/** What both hubs are told, each in its own words. */
export interface HubSettings {
  /** Origin of the proxy's public side. */
  readonly publicUrl: string;
  /** Origin of the hub's own listener. */
  readonly hubUrl: string;
  readonly proxyApiUrl: string;
  readonly proxyToken: string;
  /** Folder with everything of this hub; also the working directory of its process. */
  readonly folder: string;
  /** Below it every user has a home; servers run there. */
  readonly homes: string;
  /** What a server is. */
  readonly command: readonly string[];
  /** Seconds a server may take to start, and to answer. */
  readonly startTimeout: number;
  /** Seconds between two looks at a running server. */
  readonly pollInterval: number;
  /** Servers go on when the hub ends. */
  readonly keepServers: boolean;
  /** Servers are rows alone: they count as running, and nothing starts or stops them. */
  readonly rowsForServers: boolean;
}

/** What a part wants otherwise than usual. */
export type HubWishes = Partial<
  Pick<HubSettings, 'command' | 'startTimeout' | 'pollInterval' | 'keepServers' | 'rowsForServers'>
>;

/** How many users and running servers a hub is given. */
export interface People {
  readonly users: number;
  readonly servers: number;
  /** Origin where each of the servers answers. */
  readonly target: string;
}

/** One of the two programs compared. */
export interface Contender {
  readonly name: 'jupyterhub' | 'hub';
  readonly title: string;
  /** Writes users `student-1` and so on into the hub's database, the first of them with a server that runs. */
  insertPeople(settings: HubSettings, people: People): Promise<void>;
  /** Is that done while the hub runs, or while it does not? */
  readonly insertsInto: 'running' | 'stopped';
  /** What its log says when, after a start, it has looked at every server that runs; the group is their number. */
  readonly saysLookedAt: RegExp;
  /** Launches the hub's process; `token` resolves to one of an administrator. */
  launch(settings: HubSettings): Promise<{ readonly process: ChildProcess; readonly token: Promise<string> }>;
}

/** A hub that answers. */
export interface RunningHub extends AsyncDisposable {
  readonly contender: Contender;
  readonly pid: number;
  readonly settings: HubSettings;
  /** Belongs to an administrator. */
  readonly token: string;
  /** From the launch of its process to the first 200 of `/hub/api` through the proxy. */
  readonly secondsToReady: number;
  /** Ends the hub alone; what it leaves running belongs to the next one started in its folder. */
  end(): Promise<void>;
}

const readyWithin = 60_000;
const stopWithin = 30_000;

/** Starts a hub in `folder`, new or used before; disposing the result stops it and what it left behind. */
export async function startHub(
  contender: Contender,
  folder: string,
  signal: AbortSignal,
  wishes: HubWishes = {},
): Promise<RunningHub> {
  const homes = path.join(folder, 'homes');
  await mkdir(homes, { recursive: true });
  const [publicPort, hubPort, apiPort] = await freePorts(3);
  const settings: HubSettings = {
    publicUrl: `http://127.0.0.1:${publicPort}`,
    hubUrl: `http://127.0.0.1:${hubPort}`,
    proxyApiUrl: `http://127.0.0.1:${apiPort}`,
    proxyToken: 'of-the-bench',
    folder,
    homes,
    command: trivialServer,
    // Both have 60 s; a machine with other work to do shall make nothing fail.
    startTimeout: 150,
    pollInterval: 30, // the default of both
    keepServers: false,
    rowsForServers: false,
    ...wishes,
  };
  const began = performance.now();
  const { process: child, token } = await contender.launch(settings);
  token.catch(() => undefined); // looked at below, unless the hub ends before
  const stop = async () => {
    await endHub(child);
    const left = await endProcessesBelow(folder);
    if (left.length > 0 && !settings.keepServers) console.warn(`  left behind and ended: ${left.join(', ')}`);
  };
  try {
    await untilReady(child, `${settings.publicUrl}/hub/api`, signal);
    const secondsToReady = (performance.now() - began) / 1000;
    return {
      contender,
      pid: child.pid ?? 0,
      settings,
      token: await token,
      secondsToReady,
      end: () => endHub(child),
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw new Error(`${contender.title} did not start; its log is ${logOf(folder)}`, { cause: error });
  }
}

/** Where a hub's output goes. */
export function logOf(folder: string): string {
  return path.join(folder, 'hub.log');
}

async function untilReady(child: ChildProcess, url: string, signal: AbortSignal): Promise<void> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(readyWithin)]);
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('the process ended');
    const status = await request(url, { signal: deadline, reset: true }).then(
      async ({ statusCode, body }) => {
        await body.dump();
        return statusCode;
      },
      () => null, // nothing listens yet
    );
    if (status === 200) return;
    await sleep(5, undefined, { signal: deadline });
  }
}

async function endHub(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await Promise.race([exit, sleep(stopWithin, undefined, { ref: false })]);
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = net.createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) await new Promise((closed) => server.close(closed));
  return ports;
}
