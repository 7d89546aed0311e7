import type { HubRun, Ids } from '../../kernel/index.ts';
import type { Clock, Logger } from '../../plugin/index.ts';
import type { Profiles } from '../../servers/index.ts';
import type { Connection } from '../../storage/database.ts';
import type { Addresses } from '../addresses.ts';
import type { AccountsConfig } from '../check-accounts.ts';
import type { Settings } from '../config.ts';
import type { LaterSealer } from '../sealer.ts';

/** What is known before anything is wired. */
export interface Given {
  readonly settings: Settings;
  readonly accounts: AccountsConfig;
  readonly profiles: Profiles;
  readonly addresses: Addresses;
  readonly run: HubRun;
  readonly log: Logger;
  readonly clock: Clock;
  readonly ids?: Ids;
  readonly sealer: LaterSealer;
  /** How to reach the database, once it is open. */
  readonly connection: () => Connection;
  readonly listenConnection: () => Connection;
}
