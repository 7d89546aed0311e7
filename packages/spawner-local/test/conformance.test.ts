import { spawnerConformance } from '@hub/testing';
import { it } from 'vitest';
import { driver } from './driver.ts';

spawnerConformance(
  it,
  ({ command }) => {
    const made = driver({ command });
    return { spawner: made.spawner, again: () => made.again().spawner, dispose: made.dispose };
  },
  // One look at /proc answers for one server as fast as for many.
  { supports: { pollAll: false } },
);
