import type { Figures, Measures } from './figures.ts';
import type { MemoryBytes } from './processes.ts';

export const memoryMeasures = {
  idleHub: { title: 'hub after its start', unit: 'MB' },
  idleDatabase: { title: 'PostgreSQL after the start', unit: 'MB' },
  idleAll: { title: 'hub and database after the start', unit: 'MB' },
  usedHub: { title: 'hub at the end', unit: 'MB' },
  usedDatabase: { title: 'PostgreSQL at the end', unit: 'MB' },
  usedAll: { title: 'hub and database at the end', unit: 'MB' },
  usedProxy: { title: 'proxy at the end', unit: 'MB' },
} as const satisfies Measures;

/** Memory when a hub had just started, and after all else was measured. */
export function memoryFigures(idle: MemoryBytes, used: MemoryBytes): Figures<typeof memoryMeasures> {
  const megabytes = (bytes: number) => bytes / 1e6;
  return {
    idleHub: megabytes(idle.hub),
    ...(idle.database > 0 && { idleDatabase: megabytes(idle.database) }),
    idleAll: megabytes(idle.hub + idle.database),
    usedHub: megabytes(used.hub),
    ...(used.database > 0 && { usedDatabase: megabytes(used.database) }),
    usedAll: megabytes(used.hub + used.database),
    usedProxy: megabytes(used.proxy),
  };
}
