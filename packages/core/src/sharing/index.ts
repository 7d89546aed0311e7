export * from './ports.ts';
export { type ServerNames, scopesToShare, withServer } from './scopes.ts';
export * from './share-codes.ts';
export * from './shares.ts';
