export * from './hubs.ts';
export * from './servers.ts';
export * from './sign-in-failures.ts';
export * from './tokens.ts';
export * from './trail.ts';
export * from './users.ts';
