export { serversOfOtherSpawners } from './absent-spawners.ts';
export { postgresServerDetails } from './postgres-server-details.ts';
export { postgresServers } from './postgres-servers.ts';
export { postgresServerOwners } from './server-owners.ts';
