import { defaultRoles } from '../access/index.ts';

/** Raw scopes of a role; `undefined` when there is none. */
export function roleScopes(name: string): readonly string[] | undefined {
  return Object.hasOwn(defaultRoles, name)
    ? defaultRoles[name as keyof typeof defaultRoles].scopes
    : undefined;
}
