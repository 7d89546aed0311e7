import { type FilterKind, serverFilterName } from './scope-text.ts';

/**
 * What a permission reaches, as a value: everything, nothing, or what one of four sets names. A name in `users`
 * stands for that user and their servers, one in `groups` for the group itself and for its members and their
 * servers (R138), one in `servers` is `owner/server`. The storage turns it into a condition of a query.
 */
export type Filter = { readonly kind: 'all' } | { readonly kind: 'none' } | SomeFilter;

/** A filter that names what it reaches; at least one of the sets is not empty. */
export interface SomeFilter {
  readonly kind: 'some';
  readonly users: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  readonly servers: ReadonlySet<string>;
  readonly services: ReadonlySet<string>;
}

/** Reaches everything. */
export const everything = { kind: 'all' } as const satisfies Filter;

/** Reaches nothing. */
export const nothing = { kind: 'none' } as const satisfies Filter;

/** Which set of a filter holds the names of a kind. */
export const setOfKind = { user: 'users', group: 'groups', server: 'servers', service: 'services' } as const;

/** Kinds of filters in the order they are written. */
export const filterKinds: readonly FilterKind[] = ['group', 'server', 'service', 'user'];

/**
 * The one thing a request is about (R125). `groups` are those the user, or the owner of the server, belongs to
 * now. `hub` is whatever belongs to nobody: only an unfiltered permission reaches it (R127).
 */
export type Target =
  | { readonly kind: 'user'; readonly user: string; readonly groups: ReadonlySet<string> }
  | {
      readonly kind: 'server';
      /** Name of the owner. */
      readonly user: string;
      /** Name of the server, `''` for the default one. */
      readonly server: string;
      /** Groups of the owner. */
      readonly groups: ReadonlySet<string>;
    }
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'service'; readonly service: string }
  | { readonly kind: 'hub' };

/** Does the filter reach this target (R126, R130)? A server is only reached by its full name (R130, our fix). */
export function reaches(filter: Filter, target: Target): boolean {
  if (filter.kind !== 'some') return filter.kind === 'all';
  switch (target.kind) {
    case 'user':
      return filter.users.has(target.user) || meet(filter.groups, target.groups);
    case 'server':
      return (
        filter.servers.has(serverFilterName(target.user, target.server)) ||
        filter.users.has(target.user) ||
        meet(filter.groups, target.groups)
      );
    case 'group':
      return filter.groups.has(target.group);
    case 'service':
      return filter.services.has(target.service);
    case 'hub':
      return false;
  }
}

/** Have the two sets a name in common? Walks the smaller one. */
export function meet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  const [few, many] = a.size < b.size ? [a, b] : [b, a];
  for (const name of few) if (many.has(name)) return true;
  return false;
}
