import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { reservePort } from '@hub/posix';
import { request } from 'undici';
import { chpProxy } from '../../../../proxy-chp/src/index.ts';
import { localSpawner } from '../../../../spawner-local/src/index.ts';
import {
  createTestHub,
  TestClient,
  type TestHub,
  testAuthenticator,
  until,
} from '../../../../testing/src/index.ts';
import { createTestDatabase, openHubData, type TestDatabase } from '../../../src/index.ts';

/** Stands for a single-user server: says whose it is, to those alone whom it believes. */
const server = `
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
const file = (name) => readFileSync(process.env['JUPYTERHUB_SSL_' + name]);
const { hostname, port } = new URL(process.env.JUPYTERHUB_SERVICE_URL);
createServer(
  { key: file('KEYFILE'), cert: file('CERTFILE'), ca: file('CLIENT_CA'), requestCert: true, rejectUnauthorized: true },
  (_request, response) => response.end(process.env.JUPYTERHUB_USER),
).listen(Number(port), hostname);
`;

type SpawnerOptions = Partial<Parameters<typeof localSpawner>[0]>;

/** The command of a quick server. */
export const quickServer = [process.execPath, '--input-type=module', '--eval', server];

const proxyToken = 'of-the-test';
const chp = path.resolve(
  import.meta.dirname,
  '../../../../proxy-chp/node_modules/configurable-http-proxy/bin/configurable-http-proxy',
);

/** Encrypts the private keys of the authorities. */
export const cryptKey = '0'.repeat(64);

/** PEM texts one end of a connection shows. */
export interface Shown {
  readonly key: string;
  readonly cert: string;
}

/** A hub with internal TLS, its real proxy and quick servers, that can be stopped and started again. */
export class TlsMachine implements AsyncDisposable {
  readonly folder: string;
  readonly database: TestDatabase;
  readonly origin: string;
  readonly apiUrl: string;
  readonly hubPort: number;
  readonly #spawner: SpawnerOptions;
  readonly #ends: (() => Promise<unknown>)[] = [];
  #joins = false;
  #hub: TestHub | null = null;

  private constructor(
    folder: string,
    database: TestDatabase,
    ports: readonly [publicPort: number, api: number, hub: number],
    spawner: SpawnerOptions,
  ) {
    this.#spawner = spawner;
    this.folder = folder;
    this.database = database;
    this.origin = `http://127.0.0.1:${ports[0]}`;
    this.apiUrl = `https://127.0.0.1:${ports[1]}`;
    this.hubPort = ports[2];
  }

  /** With servers that are quick, unless the spawner is told otherwise. */
  static async open(spawner: SpawnerOptions = {}): Promise<TlsMachine> {
    const folder = await mkdtemp(path.join(tmpdir(), 'hub-tls-'));
    const ports = [await portToKeep(), await portToKeep(), await portToKeep()] as const;
    const made = new TlsMachine(folder, await createTestDatabase(), ports, spawner);
    await made.start();
    return made;
  }

  /** With configurable-http-proxy as it is, run by somebody else with the files of `hub tls proxy`. */
  static async openWithProxyOfOthers(): Promise<TlsMachine> {
    const folder = await mkdtemp(path.join(tmpdir(), 'hub-tls-'));
    const ports = [await portToKeep(), await portToKeep(), await portToKeep()] as const;
    const made = new TlsMachine(folder, await createTestDatabase(), ports, {});
    made.#joins = true;
    await made.#runProxy();
    await made.start();
    return made;
  }

  async #runProxy(): Promise<void> {
    await using data = await openHubData({
      ...this.#config(),
      plugins: [testAuthenticator(), ...this.#plugins()],
    });
    const { key, certificate, apiAuthorities, targetAuthorities } = await data.tls.forProxy();
    const file = async (name: string, text: string) => {
      await writeFile(path.join(this.folder, name), text, { mode: 0o600 });
      return path.join(this.folder, name);
    };
    const [own, api, target] = [
      await file('proxy.pem', key + certificate),
      await file('api.pem', apiAuthorities),
      await file('target.pem', targetAuthorities),
    ];
    const side = (name: string, authorities: string) => [
      ...[`--${name}-ssl-key`, own, `--${name}-ssl-cert`, own, `--${name}-ssl-ca`, authorities],
      ...[`--${name}-ssl-request-cert`, `--${name}-ssl-reject-unauthorized`],
    ];
    const at = (prefix: string, url: string) => [
      ...[`--${prefix}ip`, '127.0.0.1', `--${prefix}port`, new URL(url).port],
    ];
    const flags = [
      ...at('', this.origin),
      ...at('api-', this.apiUrl),
      ...side('api', api),
      ...side('client', target),
    ];
    const child = spawn(process.execPath, [chp, ...flags], {
      env: { ...process.env, CONFIGPROXY_AUTH_TOKEN: proxyToken },
      stdio: 'ignore',
    });
    this.#ends.push(async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    });
    await until(async () => !(await isFree(Number(new URL(this.apiUrl).port))), 30);
  }

  get hub(): TestHub {
    if (this.#hub) return this.#hub;
    throw new Error('the hub is not started');
  }

  /** Starts a hub that finds what the last one left. */
  async start(): Promise<void> {
    this.#hub = await createTestHub({ ...this.#config(), database: this.database, plugins: this.#plugins() });
  }

  #config() {
    return {
      database: this.database.url,
      dataFolder: this.folder,
      bindUrl: this.origin,
      hub: { port: this.hubPort },
      internalTls: { enabled: true },
      cryptKeys: [cryptKey],
      cookies: { secret: '1'.repeat(64) },
    };
  }

  #plugins() {
    return [
      localSpawner({
        runAs: 'hub',
        command: quickServer,
        startTimeout: 120,
        httpTimeout: 120,
        workingDirectory: path.join(this.folder, 'homes', '{username}'),
        ...this.#spawner,
      }),
      chpProxy({ apiUrl: this.apiUrl, authToken: proxyToken, shouldStart: !this.#joins }),
    ];
  }

  /** Stops the hub alone. */
  async leave(): Promise<void> {
    await this.hub.hub.stop({ keepServers: true, keepProxy: true });
    this.#hub = null;
  }

  /** Starts a server and answers where it is. */
  async startServer(user: string): Promise<URL> {
    const client = new TestClient(this.origin, user, await this.hub.tokenOf(user));
    const { status, text } = await client.startServer();
    if (status !== 201 && status !== 202) throw new Error(`The start was answered with ${status}: ${text}`);
    await until(async () => (await this.hub.phase(user)) === 'ready', 120);
    return new URL(String((await this.hub.server(user)).target));
  }

  async stopServer(user: string): Promise<void> {
    await new TestClient(this.origin, user, await this.hub.tokenOf(user)).stopServer();
    await until(async () => (await this.hub.phase(user)) === 'stopped', 60);
  }

  /** Where the server of this user finds what it was given. */
  async filesOf(user: string): Promise<{ readonly keyFile: string; readonly certFile: string }> {
    const environment = await readFile(`/proc/${await this.pidOf(user)}/environ`, 'utf8');
    const value = (name: string) =>
      environment
        .split('\0')
        .find((line) => line.startsWith(`${name}=`))
        ?.slice(name.length + 1) ?? '';
    return { keyFile: value('JUPYTERHUB_SSL_KEYFILE'), certFile: value('JUPYTERHUB_SSL_CERTFILE') };
  }

  async shownBy(user: string): Promise<Shown> {
    const { keyFile, certFile } = await this.filesOf(user);
    return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
  }

  async pidOf(user: string): Promise<number> {
    const { state } = await this.hub.server(user);
    const pid = typeof state === 'object' && state !== null ? Object.entries(state) : [];
    return Number(pid.find(([name]) => name === 'pid')?.[1]);
  }

  async proxyPid(): Promise<number> {
    const text = await readFile(path.join(this.folder, 'proxy-chp', 'chp', 'proxy.json'), 'utf8');
    const { process }: { process: { pid: number } } = JSON.parse(text);
    return process.pid;
  }

  /** What the proxy answers, without following redirects. */
  async get(
    address: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly text: string }> {
    const { statusCode, body } = await request(new URL(address, this.origin), { headers });
    return { status: statusCode, text: await body.text() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hub) await this.start();
    await this.hub.hub.stop();
    for (const end of this.#ends) await end();
    await this.database.drop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A port to come back to: not one that the system hands out by itself. */
async function portToKeep(): Promise<number> {
  const { port } = await reservePort('127.0.0.1', { from: 12_000, to: 30_000 });
  return port;
}

/** What becomes of a request over TLS by somebody who shows this, or nothing: the status, or how it ended. */
export function knock(at: { readonly port: number | string }, shown: Shown | null): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  // It is not the knocker who checks here.
  const socket: TLSSocket = connect({
    host: '127.0.0.1',
    port: Number(at.port),
    rejectUnauthorized: false,
    ...shown,
  });
  let answer = '';
  socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'));
  socket.on('data', (bytes) => {
    answer += bytes;
  });
  socket.on('error', () => resolve('refused'));
  socket.on('close', () => resolve(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 'refused'));
  return promise;
}

/** Is the port free, so that a thief can have it? */
export async function isFree(port: number): Promise<boolean> {
  const probe = createTcpServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  probe.once('error', () => resolve(false));
  probe.listen(port, '127.0.0.1', () =>
    probe.close(() => resolve((probe.address() as AddressInfo | null) === null)),
  );
  return promise;
}
