import { allows, everything, type Filter, type ScopeSet } from '../access/index.ts';
import {
  configuredTokenNote,
  hubClientId,
  mintToken,
  type OAuthClients,
  type ServiceAccount,
  serviceClientDescription,
  type TokenStore,
} from '../accounts/index.ts';
import { type Actor, type Ids, servicePrefix, type UnitOfWork } from '../kernel/index.ts';
import { HubError, type Logger } from '../plugin/index.ts';
import type { Routes } from '../routing/index.ts';
import type { ServiceDetails, ServiceStore } from './ports.ts';
import { serviceRoute } from './route-source.ts';

/** What services are looked after with. */
export interface ServicesDeps {
  readonly store: ServiceStore;
  readonly tokens: TokenStore;
  readonly clients: OAuthClients;
  readonly routes: Pick<Routes, 'add' | 'remove'>;
  readonly work: UnitOfWork;
  readonly ids: Ids;
  readonly log: Logger;
  readonly baseUrl: string;
  /** Does the hub encrypt what goes to services with https addresses? */
  readonly tls: boolean;
}

/** A service as the navigation of pages shows it. */
export interface VisibleService {
  readonly name: string;
  /** Path under which it is reached. */
  readonly href: string;
}

/** Services as accounts: finding, listing, and those that come and go while the hub runs (R108–R111, P510). */
export class Services {
  readonly #deps: ServicesDeps;
  #listed: readonly VisibleService[] = [];

  constructor(deps: ServicesDeps) {
    this.#deps = deps;
  }

  async get(name: string): Promise<ServiceDetails | null> {
    return this.#deps.store.byName(name);
  }

  /** Those the filter reaches, by name. */
  async list(access: Filter): Promise<readonly ServiceDetails[]> {
    return this.#deps.store.list(access);
  }

  /** Those that somebody with these scopes may visit, for the navigation of pages (W100). */
  async servicesFor(scopes: ScopeSet): Promise<readonly VisibleService[]> {
    const access = scopes.filter('access:services');
    if (access.kind === 'none') return [];
    const all = await this.refresh();
    return all.filter(({ name }) => allows(scopes, 'access:services', { kind: 'service', service: name }));
  }

  /** All that anybody may come to see in the navigation, as {@link refresh} found them last. */
  get listed(): readonly VisibleService[] {
    return this.#listed;
  }

  /** Looks anew which services the navigation lists; other hubs may have changed them. */
  async refresh(): Promise<readonly VisibleService[]> {
    const { store, baseUrl } = this.#deps;
    this.#listed = (await store.list(everything))
      .filter(({ url, display }) => url !== null && display)
      .map(({ name }) => ({ name, href: servicePrefix(baseUrl, name) }));
    return this.#listed;
  }

  /** Does it learn who its visitors are without asking them (R165)? */
  async needsNoConsent(name: string): Promise<boolean> {
    return (await this.#deps.store.byName(name))?.noConfirm ?? false;
  }

  /**
   * Creates a service while the hub runs, with token, OAuth client and route; all rows or none (R110, our fix).
   * @throws HubError 409 when the name, the token or the client id is taken.
   */
  async create(actor: Actor, account: ServiceAccount): Promise<ServiceDetails> {
    const { store, work } = this.#deps;
    const { name, admin } = account;
    const audit = { actor, action: 'service.create', target: `service:${name}`, details: { admin } };
    const created = await work.run(audit, async () => {
      const id = await store.add(account);
      if (id === null) throw new HubError('HUB_CONFLICT', `Service ${name} already exists`);
      await this.#giveToken(id, account);
      await this.#giveClient(id, account);
      const stored = await store.byName(name);
      if (!stored) throw new HubError('HUB_CONFLICTING_CHANGE', `Service ${name} is gone again`);
      return stored;
    });
    await this.#route(created, 'add');
    return created;
  }

  /**
   * Removes a service that was created while the hub ran, with its tokens.
   * @throws HubError 404 for an unknown one, 405 for one of the configuration (R111).
   */
  async remove(actor: Actor, name: string): Promise<void> {
    const { store, work } = this.#deps;
    const service = await store.byName(name);
    if (!service) throw noSuchService(name);
    if (service.fromConfig) {
      throw new HubError('HUB_METHOD_NOT_ALLOWED', `Service ${name} is not modifiable at runtime`);
    }
    const removed = await work.run(null, async () => {
      if (!(await store.remove(service.id))) return false;
      await work.run({ actor, action: 'service.delete', target: `service:${name}` }, async () => undefined);
      return true;
    });
    if (!removed) throw noSuchService(name);
    await this.#route(service, 'remove');
  }

  async #giveToken(serviceId: number, { apiToken }: ServiceAccount): Promise<void> {
    if (apiToken === null) return;
    await mintToken(
      { store: this.#deps.tokens, ids: this.#deps.ids },
      {
        ownerKind: 'service',
        ownerId: serviceId,
        clientId: hubClientId,
        sessionId: null,
        note: configuredTokenNote,
        scopes: ['inherit'],
        expiresIn: null,
        secret: apiToken,
      },
    );
  }

  async #giveClient(serviceId: number, { name, apiToken, client }: ServiceAccount): Promise<void> {
    if (client === null) return;
    const { clients } = this.#deps;
    const there = await clients.get(client.identifier);
    if (there && there.serviceId !== serviceId) {
      throw new HubError('HUB_CONFLICT', `OAuth client ${client.identifier} already exists`);
    }
    const description = serviceClientDescription(name);
    await clients.put({ ...client, description, secret: apiToken, serviceId });
  }

  /** The rows hold; a route that cannot be changed now is put right by the next reconciliation. */
  async #route(service: ServiceDetails, change: 'add' | 'remove'): Promise<void> {
    const { routes, log } = this.#deps;
    const route = serviceRoute(this.#deps, service);
    if (!route) return;
    try {
      await this.refresh();
      await (change === 'add' ? routes.add(route) : routes.remove(route.spec));
    } catch (error) {
      log.warn({ service: service.name, err: error }, 'the route of a service could not be changed at once');
    }
  }
}

/** R108. */
export function noSuchService(name: string): HubError {
  return new HubError('HUB_NOT_FOUND', `No such service: ${name.slice(0, 255)}`);
}
