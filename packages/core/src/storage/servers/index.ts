export { postgresServers } from './postgres-servers.ts';
export { postgresServerOwners } from './server-owners.ts';
