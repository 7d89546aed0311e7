export { postgresServices } from './postgres-services.ts';
