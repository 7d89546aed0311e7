export {
  openPrivatePostgres,
  type PrivatePostgres,
  type PrivatePostgresOptions,
} from './private-postgres.ts';
export type { PrivateConnection } from './session.ts';
export { stopPrivatePostgres } from './stop.ts';
