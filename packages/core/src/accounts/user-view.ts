import type { UserView } from '../plugin/index.ts';
import type { UserRecord } from './records.ts';

/** A user as plugins see one. */
export function userView(user: UserRecord, groups: readonly string[]): UserView {
  return {
    id: String(user.id),
    name: user.name,
    escapedName: escapeName(user.name),
    admin: user.admin,
    groups,
    created: user.created,
  };
}

/** A name as it stands in URLs: percent-encoded except letters, digits and `-_.~@`. */
export function escapeName(name: string): string {
  return encodeURIComponent(name)
    .replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%40', '@');
}
