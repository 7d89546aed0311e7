export * from './context.ts';
export * from './hub-address.ts';
export * from './ports.ts';
export * from './progress-stream.ts';
export type { StartRequest } from './queue.ts';
export * from './server.ts';
export * from './server-names.ts';
export * from './servers.ts';
export * from './spawners.ts';
