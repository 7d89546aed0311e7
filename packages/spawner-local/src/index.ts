export { localSpawner } from './local-spawner.ts';
export type { LocalSpawnerOptions } from './options.ts';
export type { LocalState } from './state.ts';
