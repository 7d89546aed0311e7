import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { Client } from '../../access/index.ts';
import { servers, services, users } from '../tables/index.ts';

/** What an OAuth client stands for, as other tables of the same statement. */
export const clientServer = alias(servers, 'client_server');
export const clientServerOwner = alias(users, 'client_server_owner');
export const clientService = alias(services, 'client_service');

/** Columns for {@link clientOf}. */
export const clientColumns = {
  clientUser: sql<string | null>`${clientServerOwner.name}`.as('client_user'),
  clientServer: sql<string | null>`${clientServer.name}`.as('client_server_name'),
  clientService: sql<string | null>`${clientService.name}`.as('client_service_name'),
};

/** Those columns as the domain sees a client; one that stands for nothing is the hub's own. */
export function clientOf(row: {
  readonly clientUser: string | null;
  readonly clientServer: string | null;
  readonly clientService: string | null;
}): Client {
  if (row.clientUser !== null && row.clientServer !== null) {
    return { kind: 'server', user: row.clientUser, server: row.clientServer };
  }
  return row.clientService === null ? { kind: 'hub' } : { kind: 'service', service: row.clientService };
}
