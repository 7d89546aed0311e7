import { type SQL, sql } from 'drizzle-orm';
import type { Filter } from '../../access/filter.ts';
import type { JsonObject } from '../../plugin/index.ts';
import type { ServiceDetails, ServiceStore } from '../../services/ports.ts';
import { textArray } from '../accounts/access-versions.ts';
import type { Database } from '../database.ts';
import { locks } from '../locks.ts';
import { roles, serviceRoles, services } from '../tables/index.ts';

type ServiceRow = {
  id: string;
  name: string;
  admin: boolean;
  url: string | null;
  info: JsonObject;
  display: boolean;
  timeout: string;
  from_config: boolean;
  oauth_no_confirm: boolean;
  roles: string[];
};

/** Services in PostgreSQL. `add` belongs into a transaction. */
export function postgresServices(db: Database): ServiceStore {
  return {
    async byName(name) {
      const [row] = await db.run((q) => q.execute<ServiceRow>(selectServices(sql`s.name = ${name}`)));
      return row ? serviceDetails(row) : null;
    },
    async list(access) {
      const rows = await db.run((q) => q.execute<ServiceRow>(selectServices(reachesService(access))));
      return rows.map(serviceDetails);
    },
    async add({ name, admin, url, info, display, timeout, noConfirm }) {
      // Names and client ids are given away by one at a time, a hub that applies its configuration among them.
      await db.run((q) => q.execute(sql`SELECT pg_advisory_xact_lock(${locks.configuration})`));
      const [row] = await db.run((q) =>
        q
          .insert(services)
          .values({
            name,
            admin,
            url,
            info,
            display,
            timeout,
            oauthNoConfirm: noConfirm,
            fromConfig: false,
          })
          .onConflictDoNothing()
          .returning({ id: services.id }),
      );
      if (!row) return null;
      if (admin) {
        await db.run((q) =>
          q.execute(sql`INSERT INTO ${serviceRoles} (service_id, role_id)
            SELECT ${row.id}::bigint, id FROM ${roles} WHERE name = 'admin'`),
        );
      }
      return row.id;
    },
    async remove(id) {
      const gone = await db.run((q) =>
        q.execute(sql`DELETE FROM ${services} WHERE id = ${id} AND NOT from_config RETURNING id`),
      );
      return gone.length > 0;
    },
  };
}

/** One statement, with the roles of each; services are few. */
function selectServices(condition: SQL): SQL {
  return sql`
    SELECT s.id, s.name, s.admin, s.url, s.info, s.display, s.timeout, s.from_config, s.oauth_no_confirm,
      ARRAY(SELECT r.name FROM ${serviceRoles} h JOIN ${roles} r ON r.id = h.role_id
        WHERE h.service_id = s.id ORDER BY 1) AS roles
    FROM ${services} s WHERE ${condition} ORDER BY s.name`;
}

function reachesService(filter: Filter): SQL {
  if (filter.kind === 'all') return sql`true`;
  if (filter.kind === 'none') return sql`false`;
  return sql`s.name = ANY(${textArray(filter.services)})`;
}

function serviceDetails(row: ServiceRow): ServiceDetails {
  const { id, timeout, from_config: fromConfig, oauth_no_confirm: noConfirm, ...rest } = row;
  return { ...rest, id: Number(id), timeout: Number(timeout), fromConfig, noConfirm };
}
