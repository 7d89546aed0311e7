export { postgresShareCodes } from './postgres-share-codes.ts';
export { postgresShares } from './postgres-shares.ts';
