import type { Clock } from '../plugin/index.ts';
import { assemble } from './assemble.ts';
import type { HubConfig } from './config.ts';
import { Hub } from './hub.ts';

/** What tests put in the place of the machine's own. */
export interface Machine {
  readonly clock?: Clock;
}

/**
 * Checks a configuration and builds a hub from it. Nothing is started, listened to or written until `start`;
 * `await using hub = await createHub(…)` stops it at the end of the block.
 *
 * @throws HubError `HUB_CONFIG_INVALID` whose `problems` name every mistake.
 */
export async function createHub(config: HubConfig, machine: Machine = {}): Promise<Hub> {
  return new Hub(await assemble(config, machine));
}
