import { and, eq, getTableColumns, sql } from 'drizzle-orm';
import type { OAuthStore } from '../../accounts/ports.ts';
import type { Database } from '../database.ts';
import { oauthClients, oauthCodes, tokens } from '../tables/index.ts';
import { clientColumns, clientOf, clientServer, clientServerOwner, clientService } from './client-facts.ts';
import { secondsFromNow } from './database-time.ts';
import { isKeptOut } from './kept-out.ts';
import { stillGood } from './token-lives.ts';

/** OAuth clients and codes in PostgreSQL. */
export function postgresOAuth(db: Database): OAuthStore {
  return {
    async putClient({ identifier, ...facts }) {
      await db.run((q) =>
        q
          .insert(oauthClients)
          .values({ identifier, ...facts })
          .onConflictDoUpdate({ target: oauthClients.identifier, set: facts }),
      );
    },
    async putServerClient({ identifier, ...facts }) {
      const put = await db.run((q) =>
        q
          .insert(oauthClients)
          .values({ identifier, ...facts })
          .onConflictDoUpdate({
            target: oauthClients.identifier,
            set: facts,
            setWhere: eq(oauthClients.serverId, facts.serverId),
          })
          .returning({ id: oauthClients.identifier }),
      );
      return put.length > 0;
    },
    async client(identifier) {
      const [row] = await db.run((q) =>
        q
          .select({ stored: oauthClients, ...clientColumns })
          .from(oauthClients)
          .leftJoin(clientServer, eq(clientServer.id, oauthClients.serverId))
          .leftJoin(clientServerOwner, eq(clientServerOwner.id, clientServer.userId))
          .leftJoin(clientService, eq(clientService.id, oauthClients.serviceId))
          .where(eq(oauthClients.identifier, identifier)),
      );
      return row ? { ...row.stored, client: clientOf(row) } : null;
    },
    async removeClient(identifier) {
      const gone = await db.run((q) =>
        q
          .delete(oauthClients)
          .where(eq(oauthClients.identifier, identifier))
          .returning({ id: oauthClients.identifier }),
      );
      return gone.length > 0;
    },
    async addCode(hash, code, expiresIn) {
      await db.run((q) =>
        q.insert(oauthCodes).values({ hash, ...code, expiresAt: secondsFromNow(expiresIn) }),
      );
    },
    async takeCode(hash) {
      // The user first, as everybody does who takes access away: two that wait for each other would both be lost.
      const holder = await db.run((q) =>
        q.execute<{
          user_id: string;
        }>(sql`SELECT u.id AS user_id FROM ${oauthCodes} c JOIN users u ON u.id = c.user_id
          WHERE c.hash = ${hash} AND NOT ${isKeptOut} FOR SHARE OF u`),
      );
      if (holder.length === 0) return null;
      const [row] = await db.run((q) =>
        q
          .delete(oauthCodes)
          .where(eq(oauthCodes.hash, hash))
          .returning({
            ...getTableColumns(oauthCodes),
            expired: sql<boolean>`${oauthCodes.expiresAt} < hub_now()`,
          }),
      );
      if (!row || row.expired) return null;
      const { hash: _, expired: __, ...code } = row;
      return code;
    },
    async grantedScopes(userId, clientId) {
      return db.run((q) =>
        q
          .select({ scopes: tokens.scopes })
          .from(tokens)
          .where(and(eq(tokens.userId, userId), eq(tokens.clientId, clientId), stillGood)),
      );
    },
  };
}
