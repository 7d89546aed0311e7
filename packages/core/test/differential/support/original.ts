import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { access, constants, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import * as people from './people.ts';

const root = path.resolve(import.meta.dirname, '../../../../..');
/** The original, as `npm test` installs it. */
export const program = path.join(root, '.venv/bin/jupyterhub');

/** A running hub, whichever it is. */
export interface RunningHub extends AsyncDisposable {
  /** What browsers and clients are given: the proxy's origin. */
  readonly origin: string;
}

/** Starts JupyterHub 6.1.1 from PyPI behind the proxy of this workspace, in a folder of its own. */
export async function startOriginal(serviceUrl: string): Promise<RunningHub> {
  await access(program, constants.X_OK);
  // Its ports are chosen before it starts; somebody else may be faster to take one.
  return launch(serviceUrl).catch(() => launch(serviceUrl));
}

async function launch(serviceUrl: string): Promise<RunningHub> {
  const folder = await mkdtemp(path.join(tmpdir(), 'hub-differential-'));
  const ports = await freePorts(3);
  const [publicUrl = '', hubUrl = '', proxyApiUrl = ''] = ports.map((port) => `http://127.0.0.1:${port}`);
  const logFile = path.join(folder, 'jupyterhub.log');
  const log = await open(logFile, 'a');
  const programs = ['.venv/bin', 'packages/proxy-chp/node_modules/.bin', 'node_modules/.bin'];
  const child = spawn(program, ['-f', path.join(import.meta.dirname, 'jupyterhub_config.py')], {
    cwd: folder,
    env: {
      ...process.env,
      // The proxy is a Node program of its own: none of this run's flags are for it.
      NODE_OPTIONS: '',
      PATH: [...programs.map((name) => path.join(root, name)), process.env.PATH].join(path.delimiter),
      DIFFERENTIAL_SETTINGS: JSON.stringify(settings(serviceUrl, { publicUrl, hubUrl, proxyApiUrl })),
    },
    stdio: ['ignore', log.fd, log.fd],
  });
  await log.close();
  const origin = publicUrl;
  const end = async () => {
    await stop(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await answers(`${origin}/hub/health`, child);
    return { origin, [Symbol.asyncDispose]: end };
  } catch (error) {
    const said = await readFile(logFile, 'utf8');
    await end();
    const own = said.split('\n').filter((line) => line.startsWith('[') || line.includes('Error'));
    throw new Error(`JupyterHub did not start:\n${own.join('\n').slice(0, 4000)}`, { cause: error });
  }
}

/** Why the suite cannot run here; `null` when it can. With `CI` set it has to. */
export function reasonToSkip(exists: (file: string) => boolean): string | null {
  if (process.env.CI || exists(program)) return null;
  return 'JupyterHub is not installed in .venv: `npm test` does that';
}

function settings(serviceUrl: string, urls: Readonly<Record<string, string>>) {
  const named = Object.keys(people.serviceScopes).map((name) => ({ name }));
  const services = [...named, ...people.plainServices(serviceUrl)].map(({ name, ...more }) => {
    const { oauth, ...rest }: { oauth?: { noConfirm?: boolean; redirectUri?: string } } = more;
    return {
      name,
      api_token: people.serviceToken(name),
      ...rest,
      ...(oauth?.noConfirm ? { oauth_no_confirm: true } : {}),
      ...(oauth?.redirectUri ? { oauth_redirect_uri: oauth.redirectUri } : {}),
      ...(oauth ? { oauth_client_id: `service-${name}` } : {}),
    };
  });
  const { password, admins, groups, roles, customScopes, serverLimit, pageLimit, pageMaxLimit, slowSeconds } =
    people;
  return {
    ...urls,
    password,
    admins,
    groups,
    roles,
    customScopes,
    services,
    serverLimit,
    pageLimit,
    pageMaxLimit,
    slowSeconds,
  };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  const end = performance.now() + 90_000;
  while (child.exitCode === null && performance.now() < end) {
    try {
      const { statusCode, body } = await request(url);
      await body.dump();
      if (statusCode === 200) return;
    } catch {
      // Not there yet.
    }
    await delay(100);
  }
  throw new Error(child.exitCode === null ? 'no answer within 90 s' : `it ended with ${child.exitCode}`);
}

/** Polite, then by force: it stops its proxy and servers itself. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await ended;
  clearTimeout(timer);
}

/** Ports nobody listens at now, below those that systems give to connections and to listeners at port 0. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = randomInt(12_000, 30_000);
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

function isFree(port: number): Promise<boolean> {
  const listener = createServer();
  return new Promise((resolve) => {
    listener.once('error', () => resolve(false));
    listener.listen(port, '127.0.0.1', () => listener.close(() => resolve(true)));
  });
}
