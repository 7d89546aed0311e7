import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProxyRoute } from '../../src/plugin/index.ts';

/** A server that runs on the machine. */
interface Running {
  readonly user: string;
  readonly origin: string;
  readonly listener: Server;
}

/**
 * What several hub processes share besides the database: where servers run and where routes are kept. It lives in
 * the process of the test, so that killing a hub takes neither along.
 */
export class Machine implements AsyncDisposable {
  /** Every launch there was: user and key. */
  readonly launches: { readonly user: string; readonly key: string }[] = [];
  readonly running = new Map<string, Running>();
  readonly routes = new Map<string, ProxyRoute>();
  /** Every question for the whole table of routes, by the host of the hub that asked. */
  readonly reads: string[] = [];
  readonly #api = createServer((request, response) => void this.#answer(request, response));
  readonly #launchMs: number;

  private constructor(launchMs: number) {
    this.#launchMs = launchMs;
  }

  static async open({ launchMs = 0 } = {}): Promise<Machine> {
    const machine = new Machine(launchMs);
    await listen(machine.#api);
    return machine;
  }

  get url(): string {
    return originOf(this.#api);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.running.keys()].map((key) => this.#stop(key)));
    await close(this.#api);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    const given = (name: string) => searchParams.get(name) ?? '';
    const key = given('key');
    switch (`${request.method} ${pathname}`) {
      case 'POST /servers':
        return reply(response, await this.#launch(key, given('user')));
      case 'DELETE /servers':
        return reply(response, await this.#stop(key));
      case 'GET /server':
        return reply(response, this.running.get(key)?.origin ?? null);
      case 'GET /servers':
        return reply(response, [...this.running.keys()]);
      case 'POST /routes': {
        const route: ProxyRoute = JSON.parse(await textOf(request));
        this.routes.set(route.spec, route);
        return reply(response, null);
      }
      case 'DELETE /routes':
        this.routes.delete(given('spec'));
        return reply(response, null);
      case 'GET /routes':
        this.reads.push(given('host'));
        return reply(response, [...this.routes.values()]);
      default:
        response.writeHead(404).end('null');
    }
  }

  async #launch(key: string, user: string): Promise<string> {
    this.launches.push({ user, key });
    const listener = createServer((_request, response) => {
      response.writeHead(200, { 'x-jupyterhub-version': '6.1.1', connection: 'close' }).end('{}');
    });
    await listen(listener);
    const origin = originOf(listener);
    this.running.set(key, { user, origin, listener });
    await delay(this.#launchMs);
    return origin;
  }

  async #stop(key: string): Promise<null> {
    const found = this.running.get(key);
    this.running.delete(key);
    if (found) await close(found.listener);
    return null;
  }
}

const listen = (server: Server) =>
  new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function reply(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request) text += part;
  return text;
}
