import type { SpawnerInstance } from '../servers/index.ts';

/** Something doubtful about one spawner. */
export interface SpawnerDoubt {
  readonly spawner: string;
  readonly warning: string;
}

/** What is doubtful in the spawners' own eyes: their options, and the machine they found. */
export async function spawnerDoubts(instances: readonly SpawnerInstance[]): Promise<readonly SpawnerDoubt[]> {
  const doubts = instances.map(async ({ id, driver }) => {
    const warnings = (await driver.checkConfig?.()) ?? [];
    return warnings.map((warning) => ({ spawner: id, warning }));
  });
  return (await Promise.all(doubts)).flat();
}
