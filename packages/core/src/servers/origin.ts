import { HubError } from '../plugin/index.ts';
import type { SpawnerInstance } from './spawners.ts';

/** The origin in what a spawner said of where a server listens. Throws where that is no address. */
export function originOf(address: string, spawner: SpawnerInstance): string {
  try {
    const { protocol, host } = new URL(address);
    if ((protocol === 'http:' || protocol === 'https:') && host !== '') return `${protocol}//${host}`;
  } catch {
    // told below, like any other address that is none
  }
  throw new HubError(
    'HUB_PLUGIN_FAILED',
    `The spawner ${spawner.name} returned "${address}", which is no http address.`,
  );
}
