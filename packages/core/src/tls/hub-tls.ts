import { hubTlsName, proxyTlsName, serverTlsName, serviceTlsName } from '../kernel/index.ts';
import type {
  Clock,
  InternalTls,
  Logger,
  ProxyTls,
  ServerCertificate,
  TlsEnd,
  TlsIdentity,
} from '../plugin/index.ts';
import { type Authorities, readEveryMs } from './authorities.ts';
import { daysLater, endOf } from './certificates.ts';
import type { AuthorityKind } from './generation.ts';

/** How many days certificates are valid. Hubs renew their own and the proxy's while they run. */
export const leafDays = {
  hub: 90,
  /** Longer than the hub's: the proxy and the servers may have to do without a hub for a while. */
  proxy: 365,
  /** A server cannot be given another one while it runs. */
  server: 730,
  service: 730,
} as const;

/** A hub's own is made anew when fewer days are left. */
const renewBefore = 60;

/** What internal TLS of one hub works with. */
export interface HubTlsDeps {
  readonly authorities: Authorities;
  /** Names and addresses by which the others find hubs and the proxy; asked at each certificate. */
  readonly names: () => readonly string[];
  /** By which a proxy may check a server that knows nothing of {@link serverTlsName}: those of the public address. */
  readonly serverNames: () => readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** A connection of the hub to something that must show a certificate with this name. */
export interface TlsTarget extends TlsEnd {
  readonly name: string;
}

/** Certificates of a hub that runs with internal TLS (W102–W105). */
export class HubTls implements InternalTls {
  readonly on = true;
  readonly proxyName = proxyTlsName;
  readonly hubName = hubTlsName;
  readonly #deps: HubTlsDeps;
  readonly #listeners = new Set<() => void>();
  #own: TlsIdentity | null = null;
  #end: (() => void) | null = null;

  constructor(deps: HubTlsDeps) {
    this.#deps = deps;
  }

  /** Reads or makes the authorities and the hub's own certificate; looks after both from then on. */
  async open(): Promise<void> {
    await this.#deps.authorities.open();
    await this.#makeOwn();
    this.#end = this.#deps.clock.every(readEveryMs, () => this.#lookAfter());
  }

  close(): void {
    this.#end?.();
  }

  /** What the hub's listener shows, and whom it lets in: everybody with a certificate of ours (W105). */
  listener(): TlsEnd {
    return this.#as('hub', 'servers', 'services');
  }

  toProxy(): TlsEnd {
    return this.#as('hub');
  }

  /** To the server of one launch, and to no other. */
  toServer(launchKey: string): TlsTarget {
    return { ...this.#as('servers'), name: serverTlsName(launchKey) };
  }

  toService(service: string): TlsTarget {
    return { ...this.#as('services'), name: serviceTlsName(service) };
  }

  async forProxy(): Promise<ProxyTls> {
    const { authorities, names } = this.#deps;
    const identity = await authorities.issue('hub', {
      subject: 'proxy',
      names: [proxyTlsName, ...names()],
      days: leafDays.proxy,
    });
    return {
      ...identity,
      apiAuthorities: authorities.roots('hub'),
      targetAuthorities: authorities.roots('hub', 'servers', 'services'),
    };
  }

  /** For one launch of a server: it believes hubs and the proxy, not other servers. */
  async forServer(launchKey: string): Promise<ServerCertificate> {
    const { authorities, serverNames } = this.#deps;
    const identity = await authorities.issue('servers', {
      subject: `server ${launchKey}`,
      names: [serverTlsName(launchKey), ...serverNames()],
      days: leafDays.server,
    });
    return { ...identity, authorities: authorities.roots('hub') };
  }

  /** For a service. Like a server, it believes hubs and the proxy alone. */
  async forService(name: string): Promise<TlsEnd> {
    const { authorities, serverNames } = this.#deps;
    const identity = await authorities.issue('services', {
      subject: `service ${name}`,
      names: [serviceTlsName(name), ...serverNames()],
      days: leafDays.service,
    });
    return { ...identity, authorities: authorities.roots('hub') };
  }

  onRenewal(renewed: () => void): () => void {
    this.#listeners.add(renewed);
    return () => this.#listeners.delete(renewed);
  }

  #as(...believed: readonly AuthorityKind[]): TlsEnd {
    if (!this.#own) throw new Error('internal TLS is not open');
    return { ...this.#own, authorities: this.#deps.authorities.roots(...believed) };
  }

  async #makeOwn(): Promise<void> {
    const { authorities, names } = this.#deps;
    this.#own = await authorities.issue('hub', {
      subject: 'hub',
      names: [hubTlsName, ...names()],
      days: leafDays.hub,
    });
  }

  async #lookAfter(): Promise<void> {
    const { authorities, clock, log } = this.#deps;
    try {
      const changed = await authorities.read();
      const ends = this.#own ? endOf(this.#own.certificate) : clock.now();
      if (!changed && ends > daysLater(clock.now(), renewBefore)) return;
      await this.#makeOwn();
      log.info({ changed }, 'certificates of internal TLS were renewed');
      for (const renewed of this.#listeners) renewed();
    } catch (error) {
      log.error({ err: error }, 'certificates of internal TLS could not be looked after');
    }
  }
}
