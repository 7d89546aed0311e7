import type { BuiltInScope } from './built-in-scopes.ts';
import type { ScopeTable } from './scope-table.ts';
import { checkScopes } from './scope-text.ts';

/** A role: scopes under a name. */
export interface RoleDefinition {
  readonly name: string;
  readonly description: string;
  /** Raw scopes. */
  readonly scopes: readonly string[];
}

/** A role as the configuration or an authenticator states it; for a default role only what differs (R150, R151). */
export interface RoleStatement {
  readonly name: string;
  readonly description?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
}

/** Names of the roles that always exist and cannot be deleted (R148, R151). */
export type DefaultRoleName = 'user' | 'admin' | 'server' | 'token';

const adminScopes: readonly BuiltInScope[] = [
  'admin-ui',
  'admin:users',
  'admin:servers',
  'admin:services',
  'tokens',
  'admin:groups',
  'list:services',
  'read:services',
  'read:hub',
  'proxy',
  'shutdown',
  'access:services',
  'access:servers',
  'read:roles',
  'read:metrics',
  'shares',
];

/** The roles every hub has (R148). */
export const defaultRoles: Readonly<Record<DefaultRoleName, RoleDefinition>> = {
  user: { name: 'user', description: 'What everybody may do with what is their own', scopes: ['self'] },
  admin: { name: 'admin', description: 'Everything', scopes: adminScopes },
  server: {
    name: 'server',
    description: 'What a server may do by its own token',
    scopes: ['users:activity!user', 'access:servers!server'],
  },
  token: { name: 'token', description: 'What a token may do unless told otherwise', scopes: ['inherit'] },
};

/** Is this one of the {@link defaultRoles}? */
export function isDefaultRole(name: string): name is DefaultRoleName {
  return Object.hasOwn(defaultRoles, name);
}

const roleName = /^[a-z][a-z0-9\-_~.]{1,253}[a-z0-9]$/;

/** May a role have this name (R149)? */
export function isRoleName(name: string): boolean {
  return roleName.test(name);
}

/** What is found wrong (`problems`) or doubtful (`warnings`), one sentence each. */
export interface Findings {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Checks one role, from the configuration or from an authenticator at login (R149, R151, R158). */
export function checkRole(table: ScopeTable, role: RoleStatement): Findings {
  const problems: string[] = [];
  const warnings: string[] = [];
  if (!isRoleName(role.name)) {
    problems.push(
      `Role name '${role.name}' must be 3 to 255 of a-z 0-9 - _ ~ . beginning with a letter and ending with a letter or digit`,
    );
  }
  if (role.name === 'admin') problems.push(...changesOfAdmin(role));
  problems.push(...checkScopes(table, role.scopes ?? [], `role ${role.name}`));

  const inheritsScopes = role.scopes === undefined && isDefaultRole(role.name);
  if (!inheritsScopes && (role.scopes ?? []).length === 0) warnings.push(`Role ${role.name} has no scopes`);
  if (role.name === 'user' && role.scopes !== undefined && !role.scopes.includes('self')) {
    warnings.push("Role user does not contain 'self': users may lack what they need for their own servers");
  }
  return { problems, warnings };
}

/** All roles of the hub, and what was found; to be used only when there are no problems. */
export interface RolesResult extends Findings {
  /** Default roles first, then the others in the order they were stated. */
  readonly roles: readonly RoleDefinition[];
}

/**
 * The roles of a hub: defaults, changed and extended by the configuration (R149–R151). `extraUserScopes` are
 * added to the default role `user` and ignored when its scopes are redefined (R155).
 */
export function resolveRoles(
  table: ScopeTable,
  stated: readonly RoleStatement[],
  extraUserScopes: readonly string[] = [],
): RolesResult {
  const problems = [...checkScopes(table, extraUserScopes, 'extra user scopes')];
  const warnings: string[] = [];
  const roles = new Map<string, RoleDefinition>(Object.entries(defaultRoles));
  const { user } = defaultRoles;
  roles.set('user', { ...user, scopes: [...new Set([...user.scopes, ...extraUserScopes])] });

  const seen = new Set<string>();
  for (const role of stated) {
    const found = checkRole(table, role);
    problems.push(...found.problems);
    warnings.push(...found.warnings);
    if (seen.has(role.name)) problems.push(`Role ${role.name} is defined more than once`);
    seen.add(role.name);
    if (role.name === 'user' && role.scopes !== undefined && extraUserScopes.length > 0) {
      warnings.push(
        'Extra user scopes are ignored because the role user is redefined with scopes of its own',
      );
    }
    roles.set(role.name, merged(role, roles.get(role.name)));
  }
  return { roles: [...roles.values()], problems, warnings };
}

function merged(role: RoleStatement, base: RoleDefinition | undefined): RoleDefinition {
  return {
    name: role.name,
    description: role.description ?? base?.description ?? '',
    scopes: role.scopes ?? base?.scopes ?? [],
  };
}

function changesOfAdmin({ description, scopes }: RoleStatement): readonly string[] {
  const { admin } = defaultRoles;
  const problems: string[] = [];
  if (description !== undefined && description !== admin.description) {
    problems.push('Cannot override admin role: its description is fixed');
  }
  if (scopes !== undefined && scopes.join() !== admin.scopes.join()) {
    problems.push('Cannot override admin role: its scopes are fixed');
  }
  return problems;
}
