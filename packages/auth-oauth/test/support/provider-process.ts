import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ClientMetadata } from 'oidc-provider';

/** An answer that makes no sense, at all addresses whose path ends so. */
export interface Trouble {
  readonly path: string;
  readonly kind: 'silent' | 'html' | 'failing' | 'truncated' | 'endless' | 'moved';
}

/** What a test tells the provider. */
export interface Order {
  readonly number?: number;
  readonly clients?: ClientMetadata[];
  /** By login; `sub` is the login, and so is `preferred_username` unless told. */
  readonly claims?: Record<string, Record<string, unknown>>;
  readonly trouble?: Trouble[];
  /** Seconds its clock is ahead of ours. */
  readonly clockAhead?: number;
  /** Seconds that access tokens and id tokens are good for. */
  readonly tokenLifetime?: number;
  readonly newKeys?: true;
}

/** An OpenID provider (`oidc-provider`) in a process of its own, on loopback. It takes any login and password. */
export class ProviderProcess implements AsyncDisposable {
  readonly port: number;
  #child: ChildProcess;
  #orders = 0;
  #last: Order = {};

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(): Promise<ProviderProcess> {
    const { child, port } = await launch(0);
    return new ProviderProcess(child, port);
  }

  get issuer(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when it is so, with how often each path was asked until now. */
  async tell(order: Order): Promise<Readonly<Record<string, number>>> {
    this.#last = { ...this.#last, ...order };
    const number = ++this.#orders;
    this.#child.send({ ...order, number });
    for (;;) {
      const [message] = await once(this.#child, 'message', { signal: AbortSignal.timeout(30_000) });
      if (message.done === number) return message.counts;
    }
  }

  /** The provider goes away: nobody listens there any more. */
  async leave(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const end = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await end;
  }

  /** It comes back at the same address, with the same clients, other keys, and without any session. */
  async comeBack(): Promise<void> {
    ({ child: this.#child } = await launch(this.port));
    await this.tell(this.#last);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }
}

async function launch(port: number): Promise<{ child: ChildProcess; port: number }> {
  const program = fileURLToPath(new URL('./provider-program.ts', import.meta.url));
  const child = fork(program, [String(port)], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [message] = await Promise.race([
    once(child, 'message', { signal: AbortSignal.timeout(60_000) }),
    once(child, 'exit').then(() => Promise.reject(new Error('the provider did not start'))),
  ]);
  return { child, port: message.port };
}
