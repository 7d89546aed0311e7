import { and, asc, eq, inArray, isNotNull, lt, or, sql } from 'drizzle-orm';
import type { TokenStore } from '../../accounts/ports.ts';
import type { TokenRecord } from '../../accounts/records.ts';
import type { Database, Queryable } from '../database.ts';
import {
  logins,
  oauthClients,
  oauthCodes,
  services,
  shareCodes,
  shares,
  tokens,
  users,
} from '../tables/index.ts';
import { idArray, raiseAccessVersions } from './access-versions.ts';
import { clientColumns, clientOf, clientServer, clientServerOwner, clientService } from './client-facts.ts';
import { now, secondsFromNow } from './database-time.ts';
import { requireUser } from './kept-out.ts';
import { limitLives, notOfServer, stillGood } from './token-lives.ts';

/** Tokens in PostgreSQL. */
export function postgresTokens(db: Database): TokenStore {
  return {
    async add({ ownerKind, ownerId, expiresIn, ...token }) {
      const owner = ownerKind === 'user' ? { userId: ownerId } : { serviceId: ownerId };
      const expiresAt = expiresIn === null ? null : secondsFromNow(expiresIn);
      if (ownerKind === 'user') await requireUser(db, ownerId);
      const [row] = await db.run((q) =>
        q
          .insert(tokens)
          .values({ ...token, ...owner, expiresAt })
          .returning({ id: tokens.id }),
      );
      return row?.id ?? 0;
    },
    async ofUser(userId) {
      const rows = await db.run((q) =>
        selectTokens(q)
          .where(and(eq(tokens.userId, userId), stillGood))
          .orderBy(asc(sql`coalesce(${tokens.lastActivity}, ${tokens.created})`), asc(tokens.id)),
      );
      return rows.map(tokenRecord);
    },
    async get(userId, id) {
      const [row] = await db.run((q) =>
        selectTokens(q).where(and(eq(tokens.id, id), eq(tokens.userId, userId), stillGood)),
      );
      return row ? tokenRecord(row) : null;
    },
    async remove(id) {
      await db.run((q) => q.delete(tokens).where(eq(tokens.id, id)));
    },
    removeOfClient: (userId, clientId) =>
      count(
        db.run((q) =>
          q
            .delete(tokens)
            .where(and(eq(tokens.userId, userId), eq(tokens.clientId, clientId)))
            .returning({ id: tokens.id }),
        ),
      ),
    async removeOfSessions(userId, sessionIds, loginIds = []) {
      if (sessionIds.length + loginIds.length === 0) return 0;
      const bound = (table: typeof tokens | typeof oauthCodes) =>
        and(
          eq(table.userId, userId),
          or(inArray(table.sessionId, [...sessionIds]), inArray(table.loginId, [...loginIds])),
        );
      await db.run((q) => q.delete(oauthCodes).where(bound(oauthCodes)));
      return count(db.run((q) => q.delete(tokens).where(bound(tokens)).returning({ id: tokens.id })));
    },
    async removeOfAllSessions(userId) {
      await db.run((q) => q.delete(oauthCodes).where(eq(oauthCodes.userId, userId)));
      return count(
        db.run((q) =>
          q
            .delete(tokens)
            .where(and(eq(tokens.userId, userId), or(isNotNull(tokens.sessionId), isNotNull(tokens.loginId))))
            .returning({ id: tokens.id }),
        ),
      );
    },
    async removeAll(userId) {
      await db.run((q) => q.delete(oauthCodes).where(eq(oauthCodes.userId, userId)));
      return count(
        db.run((q) =>
          q
            .delete(tokens)
            .where(and(eq(tokens.userId, userId), notOfServer))
            .returning({ id: tokens.id }),
        ),
      );
    },
    limitLives: (lives) => limitLives(db, lives),
    async purge() {
      const ended = await db.run((q) =>
        q.delete(logins).where(lt(logins.expiresAt, now)).returning({ id: logins.id }),
      );
      const ofEnded = inArray(
        tokens.loginId,
        ended.map(({ id }) => id),
      );
      return {
        logins: ended.length,
        tokens: await count(
          db.run((q) =>
            q
              .delete(tokens)
              .where(ended.length > 0 ? or(lt(tokens.expiresAt, now), ofEnded) : lt(tokens.expiresAt, now))
              .returning({ id: tokens.id }),
          ),
        ),
        codes: await count(
          db.run((q) =>
            q.delete(oauthCodes).where(lt(oauthCodes.expiresAt, now)).returning({ id: oauthCodes.hash }),
          ),
        ),
        shares: await purgeShares(db),
        shareCodes: await count(
          db.run((q) =>
            q.delete(shareCodes).where(lt(shareCodes.expiresAt, now)).returning({ id: shareCodes.id }),
          ),
        ),
      };
    },
  };
}

/** A share that goes changes what its users may do. */
async function purgeShares(db: Database): Promise<number> {
  const gone = await db.run((q) =>
    q
      .delete(shares)
      .where(lt(shares.expiresAt, now))
      .returning({ userId: shares.userId, groupId: shares.groupId }),
  );
  if (gone.length === 0) return 0;
  const userIds = gone.map(({ userId }) => userId).filter((id) => id !== null);
  const groupIds = gone.map(({ groupId }) => groupId).filter((id) => id !== null);
  await raiseAccessVersions(
    db,
    sql`id = ANY(${idArray(userIds)})
      OR id IN (SELECT user_id FROM memberships WHERE group_id = ANY(${idArray(groupIds)}))`,
  );
  return gone.length;
}

function selectTokens(q: Queryable) {
  return q
    .select({
      id: tokens.id,
      userId: tokens.userId,
      serviceId: tokens.serviceId,
      userName: sql<string | null>`${users.name}`.as('user_name'),
      serviceName: sql<string | null>`${services.name}`.as('service_name'),
      clientId: tokens.clientId,
      clientDescription: oauthClients.description,
      ...clientColumns,
      sessionId: tokens.sessionId,
      note: tokens.note,
      scopes: tokens.scopes,
      prefix: tokens.prefix,
      created: tokens.created,
      expiresAt: tokens.expiresAt,
      lastActivity: tokens.lastActivity,
    })
    .from(tokens)
    .leftJoin(users, eq(users.id, tokens.userId))
    .leftJoin(services, eq(services.id, tokens.serviceId))
    .innerJoin(oauthClients, eq(oauthClients.identifier, tokens.clientId))
    .leftJoin(clientServer, eq(clientServer.id, oauthClients.serverId))
    .leftJoin(clientServerOwner, eq(clientServerOwner.id, clientServer.userId))
    .leftJoin(clientService, eq(clientService.id, oauthClients.serviceId))
    .$dynamic();
}

function tokenRecord(row: Awaited<ReturnType<typeof selectTokens>>[number]): TokenRecord {
  const {
    userId,
    serviceId,
    userName,
    serviceName,
    clientDescription,
    clientUser,
    clientServer: server,
    clientService: service,
    ...rest
  } = row;
  return {
    ...rest,
    owner:
      userId === null
        ? { kind: 'service', id: serviceId ?? 0, name: serviceName ?? '' }
        : { kind: 'user', id: userId, name: userName ?? '' },
    clientName: clientDescription || row.clientId,
    client: clientOf({ clientUser, clientServer: server, clientService: service }),
  };
}

async function count(rows: Promise<readonly unknown[]>): Promise<number> {
  return (await rows).length;
}
