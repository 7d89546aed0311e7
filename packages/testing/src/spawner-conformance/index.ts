export type { SpawnerSupports } from './bench.ts';
export { type FakeLaunch, type FakeLaunchOptions, fakeLaunch } from './fake-launch.ts';
export {
  type ConformanceIt,
  type SpawnerConformanceOptions,
  type SpawnerFactory,
  type SpawnerUnderTest,
  spawnerConformance,
} from './suite.ts';
export { trivialServer } from './trivial-server-command.ts';
