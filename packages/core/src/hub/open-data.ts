import type { Logins, Rekeyed, Tokens, UserRecord, Users } from '../accounts/index.ts';
import { disableUser, enableUser } from '../actions/index.ts';
import { type Actor, UnitOfWork } from '../kernel/index.ts';
import { HubError } from '../plugin/index.ts';
import { ServerRepository } from '../servers/index.ts';
import type { Migrated } from '../storage/migrate.ts';
import { stopPrivatePostgres } from '../storage/private-postgres/index.ts';
import { applyConfiguration } from './apply-configuration.ts';
import { assemble } from './assemble.ts';
import { checkConfig } from './check-config.ts';
import type { HubConfig } from './config.ts';
import { findPlaces } from './data-folder.ts';
import { openDatabase } from './open-database.ts';
import { rekeyData } from './rekey-data.ts';
import { type TlsData, tlsData } from './tls-data.ts';
import { services } from './tokens.ts';

/** What a hub knows, without a hub that runs. */
export interface HubData extends AsyncDisposable {
  readonly users: Users;
  readonly tokens: Tokens;
  readonly logins: Logins;
  /** Which steps of the schema were there, and which are now. */
  readonly migrated: Migrated;
  /** Enters users and roles of the configuration, as a start does, unless a hub that lives has done so (P607). */
  applyConfiguration(): Promise<void>;
  /** Takes all away that a user may do; hubs that run stop the servers within seconds. */
  disableUser(actor: Actor, user: Pick<UserRecord, 'id' | 'name'>): Promise<void>;
  /** @throws HubError 400 for a user whom the configuration keeps out. */
  enableUser(actor: Actor, user: Pick<UserRecord, 'id' | 'name'>): Promise<void>;
  /** Encrypts all that is kept with the first key; what no key opens is counted and left as it is. */
  rekey(): Promise<Rekeyed>;
  /** Authorities and certificates of internal TLS. */
  readonly tls: TlsData;
  close(): Promise<void>;
}

/**
 * Opens the data of a configuration beside a hub or without one: no listener, no lease, no plugin is started. A
 * private PostgreSQL is joined, or started and stopped again at `close`.
 *
 * @throws HubError when the configuration has mistakes or the database cannot be opened.
 */
export async function openHubData(
  config: HubConfig,
  { signal = new AbortController().signal }: { readonly signal?: AbortSignal } = {},
): Promise<HubData> {
  const { container, places, settings, cryptKeys, log, clock, setConnection } = await assemble(config);
  const { postgresUser } = settings;
  const opened = await openDatabase(places, { log, clock, postgresUser, signal });
  setConnection(opened.connection);
  const db = container.get(services.database);
  db.open(opened.connection);
  const close = async () => {
    await db.close();
    await opened.close();
  };
  const [users, logins] = [container.get(services.users), container.get(services.logins)];
  const accounts = { users, logins, work: container.get(UnitOfWork), servers: null, log };
  return {
    users,
    logins,
    tokens: container.get(services.tokens),
    disableUser: (actor, user) => disableUser(accounts, actor, user),
    enableUser: (actor, user) => enableUser(accounts, actor, user),
    migrated: opened.migrated,
    async applyConfiguration() {
      const live = await container.get(ServerRepository).liveHubs();
      if (live.length === 0) await applyConfiguration(container, log);
    },
    tls: tlsData(container, cryptKeys),
    rekey: () => rekeyData(container, cryptKeys, signal),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * Ends the private PostgreSQL of a configuration when nobody holds it, as one left by a killed hub.
 *
 * @throws HubError that names who holds it, or when the database is not a private one.
 */
export async function stopHubDatabase(config: HubConfig): Promise<'stopped' | 'not-running'> {
  const { database } = findPlaces(checkConfig(config).settings);
  if (database.kind === 'private') return stopPrivatePostgres(database.folder);
  throw new HubError('HUB_CONFLICT', 'The database of this configuration is not a private one.', {
    hint: 'Who runs that server stops it.',
  });
}
