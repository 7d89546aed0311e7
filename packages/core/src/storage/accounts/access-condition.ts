import { type SQL, sql } from 'drizzle-orm';
import type { Filter } from '../../access/filter.ts';
import { groups, memberships } from '../tables/index.ts';
import { textArray } from './access-versions.ts';

/**
 * Which users a permission reaches, as a condition on columns `id` and `name` (R54); `undefined` for everybody.
 * Filters that mean nothing for users reach none: a list with such a filter is refused before (R129).
 */
export function reachesUser(filter: Filter, id: SQL, name: SQL): SQL | undefined {
  if (filter.kind === 'all') return undefined;
  if (filter.kind === 'none') return sql`false`;
  const ways: SQL[] = [];
  if (filter.users.size > 0) ways.push(sql`${name} = ANY(${textArray(filter.users)})`);
  if (filter.groups.size > 0) {
    ways.push(sql`${id} IN (
      SELECT m.user_id FROM ${memberships} m JOIN ${groups} g ON g.id = m.group_id WHERE g.name = ANY(${textArray(filter.groups)}))`);
  }
  return ways.length === 0 ? sql`false` : sql`(${sql.join(ways, sql` OR `)})`;
}
