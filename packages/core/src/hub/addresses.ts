import { hostname } from 'node:os';
import type { HubInfo } from '../plugin/index.ts';
import type { HubAddress } from '../servers/index.ts';
import { compatibleVersion, version } from '../version.ts';
import type { Settings } from './config.ts';
import type { Places } from './data-folder.ts';

/** Where the hub is. The listener's own address is known once it listens: port 0 picks a free one. */
export class Addresses implements HubInfo, HubAddress {
  readonly baseUrl: string;
  readonly hubPrefix: string;
  readonly publicUrl: string;
  readonly bindUrl: string;
  readonly host: string;
  readonly dataFolder: string;
  readonly mayMakeSecrets: boolean;
  readonly version = version;
  readonly compatibleVersion = compatibleVersion;
  readonly cookieOptions: HubAddress['cookieOptions'];
  readonly cookieHostPrefix: boolean;
  /** Does the hub encrypt what goes between itself, proxy and servers? */
  readonly tls: boolean;
  readonly #settings: Settings;
  #port: number;

  constructor(settings: Settings, { dataFolder, database }: Places) {
    this.#settings = settings;
    this.#port = settings.hub.port;
    this.baseUrl = baseUrlOf(settings.bindUrl);
    this.hubPrefix = `${this.baseUrl}hub/`;
    this.publicUrl = settings.publicUrl === '' ? '' : withSlashAtEnd(settings.publicUrl);
    this.bindUrl = settings.bindUrl;
    this.host = settings.host || hostname();
    this.dataFolder = dataFolder;
    this.mayMakeSecrets = database.kind === 'private';
    this.cookieOptions = settings.cookies.options as HubAddress['cookieOptions'];
    this.tls = settings.internalTls.enabled;
    this.cookieHostPrefix = settings.cookies.hostPrefix;
  }

  /** Where this hub itself listens. */
  get listenUrl(): string {
    const { ip } = this.#settings.hub;
    const reachable = ip === '' || ip === '0.0.0.0' ? '127.0.0.1' : ip === '::' ? '::1' : ip;
    const scheme = this.tls ? 'https' : 'http';
    return `${scheme}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${this.#port}`;
  }

  get connectUrl(): string {
    return this.#settings.hub.connectUrl.replace(/\/$/, '') || this.listenUrl;
  }

  /** What the proxy's own route leads to. */
  get routeTarget(): string {
    return this.#settings.hub.balancerUrl.replace(/\/$/, '') || this.listenUrl;
  }

  /** Where a browser finds the hub, as far as the configuration tells. */
  get browserUrl(): string {
    return this.publicUrl || `${new URL(this.bindUrl).origin}${this.baseUrl}`;
  }

  listensAt(port: number): void {
    this.#port = port;
  }
}

/** Prefix of everything: the path of where the public side listens, with slashes at both ends. */
export function baseUrlOf(bindUrl: string): string {
  return withSlashes(new URL(bindUrl).pathname);
}

function withSlashes(path: string): string {
  const inner = path.replace(/^\/+|\/+$/g, '');
  return inner === '' ? '/' : `/${inner}/`;
}

function withSlashAtEnd(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}
