import 'reflect-metadata';

export * from './hub/index.ts';
export { createLogger } from './observe/index.ts';
export * from './plugin/index.ts';
export type { Phase, ServerRecord } from './servers/index.ts';
export { createTestDatabase, type TestDatabase } from './storage/test-database.ts';
export { compatibleVersion, version } from './version.ts';
