import { createTestDatabase, type TestDatabase } from '../../src/storage/test-database.ts';

export type { TestDatabase };

/** An empty database with the hub's schema, on the PostgreSQL of this run (see `global-setup.ts`). */
export function testDatabase(): Promise<TestDatabase> {
  return createTestDatabase();
}
