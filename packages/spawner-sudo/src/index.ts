export { type SudoSpawnerOptions, sudoSpawnerOptions } from './options.ts';
export type { SudoState } from './state.ts';
export { sudoSpawner } from './sudo-spawner.ts';
