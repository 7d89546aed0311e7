import { Agent, request } from 'undici';
import { everything } from '../access/index.ts';
import { servicePrefix, withDeadline } from '../kernel/index.ts';
import type { Clock, Logger, TlsEnd } from '../plugin/index.ts';
import type { ServiceDetails, ServiceStore } from './ports.ts';

/** What health is looked at with. */
export interface ServiceHealthDeps {
  readonly store: ServiceStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly baseUrl: string;
  /** Does this hub look? One of them does. */
  readonly isHolder: () => boolean;
  /** Seconds between looks; 0 never looks (P508). */
  readonly every: number;
  /** With internal TLS: what the hub shows a service with an https address, and the name that must show. */
  readonly tls: { toService(name: string): TlsEnd & { readonly name: string } } | null;
}

/**
 * Looks whether services answer: all at once, so that a slow one delays no other, and tells when one stops and
 * when it is back. Nothing depends on it (P506, P508).
 */
export class ServiceHealth {
  readonly #deps: ServiceHealthDeps;
  readonly #closing = new AbortController();
  readonly #seen = new Set<string>();
  readonly #silent = new Set<string>();
  #end: (() => void) | null = null;
  #looking: Promise<void> | null = null;

  constructor(deps: ServiceHealthDeps) {
    this.#deps = deps;
  }

  /** Names of services that did not answer when last looked at. */
  get silent(): ReadonlySet<string> {
    return this.#silent;
  }

  /** Begins: a first look now, then one every so often. */
  open(): void {
    const { every, clock } = this.#deps;
    if (every === 0) return;
    void this.look();
    this.#end = clock.every(every * 1000, () => this.look());
  }

  async close(): Promise<void> {
    this.#end?.();
    this.#closing.abort();
    await this.#looking;
  }

  /** Looks at every service with a url now; a call meanwhile waits for the same look. Never rejects. */
  async look(): Promise<void> {
    this.#looking ??= this.#lookAtAll().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #lookAtAll(): Promise<void> {
    const { store, log, isHolder } = this.#deps;
    if (!isHolder()) return;
    try {
      const services = await store.list(everything);
      const names = new Set(services.map(({ name }) => name));
      for (const known of [this.#seen, this.#silent])
        for (const name of known) if (!names.has(name)) known.delete(name);
      await Promise.all(services.map((service) => this.#lookAt(service)));
    } catch (error) {
      log.debug({ err: error }, 'services could not be looked at');
    }
  }

  async #lookAt({ name, url, timeout }: ServiceDetails): Promise<void> {
    if (url === null) return;
    const { log, clock, baseUrl, tls } = this.#deps;
    const closing = this.#closing.signal;
    const address = `${new URL(url).origin}${servicePrefix(baseUrl, name)}`;
    // The first look may find it starting (W98).
    const isFirst = !this.#seen.has(name);
    this.#seen.add(name);
    const agent = tls && address.startsWith('https:') ? agentTo(tls.toService(name)) : null;
    let problem: string | null = `No answer in ${timeout} s`;
    await withDeadline(clock, 'An answer', timeout, closing, async (signal) => {
      for (let pause = 100; ; pause = Math.min(2_000, pause * 1.6)) {
        problem = await problemOf(address, signal, agent);
        if (problem === null || !isFirst) return;
        await clock.sleep(pause, signal);
      }
    }).catch(() => undefined); // the time is over: `problem` says what there was instead of an answer
    await agent?.destroy();
    if (closing.aborted) return;

    if (problem === null) {
      if (this.#silent.delete(name)) log.info({ service: name, url }, 'the service answers again');
    } else if (!this.#silent.has(name)) {
      this.#silent.add(name);
      log.warn({ service: name, url, problem }, 'the service does not answer');
    }
  }
}

/** Anything below 500 is an answer (P506); redirects are not followed. */
async function problemOf(address: string, signal: AbortSignal, agent: Agent | null): Promise<string | null> {
  try {
    const { statusCode, body } = await request(address, {
      signal,
      headers: { connection: 'close' },
      ...(agent && { dispatcher: agent }),
    });
    await body.dump({ limit: 65_536 });
    return statusCode < 500 ? null : `It answers ${statusCode}`;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

function agentTo({ key, certificate, authorities, name }: TlsEnd & { readonly name: string }): Agent {
  return new Agent({ connect: { key, cert: certificate, ca: authorities, servername: name } });
}
