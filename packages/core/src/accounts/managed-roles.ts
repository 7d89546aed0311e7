import { checkRole, isDefaultRole, type ScopeTable } from '../access/index.ts';
import type { UnitOfWork } from '../kernel/index.ts';
import { HubError, type Logger, type ManagedRole } from '../plugin/index.ts';
import { type ForAuthenticators, type IdentityStep, isFor } from './identity-steps.ts';
import type { HolderKind, ManagedRights } from './managed-ports.ts';
import { isStorable } from './plain-json.ts';
import type { Users } from './users.ts';

const kinds = ['users', 'groups', 'services'] as const satisfies readonly HolderKind[];

/** Roles of the configuration, which no authenticator redefines. */
export interface ManagedRolesDeps {
  readonly rights: ManagedRights;
  readonly table: ScopeTable;
  /** Roles the configuration defines, the defaults among them. */
  readonly configured: ReadonlySet<string>;
  readonly log: Logger;
}

/** What keeps roles of an authenticator from being used, one sentence each (R149, R158). */
export function managedRoleProblems(roles: unknown, table: ScopeTable): readonly string[] {
  if (!Array.isArray(roles)) return ['roles must be a list of roles'];
  const names = roles.map((role: unknown) => (isRole(role) ? role.name : ''));
  return roles.flatMap((role: unknown, nr) => {
    if (!isRole(role)) {
      return [`roles[${nr}] must have a name, and texts or lists of texts as everything else`];
    }
    const twice = names.indexOf(role.name) === nr ? [] : [`Role ${role.name} is named twice`];
    return [...checkRole(table, role).problems, ...twice];
  });
}

/**
 * Writes definitions and listed holders (P137). What the configuration defines keeps its definition; who holds a
 * default role is decided elsewhere.
 */
export async function putManagedRoles(
  roles: readonly ManagedRole[],
  authenticator: string,
  { rights, configured, log }: ManagedRolesDeps,
): Promise<void> {
  const own = roles.filter(({ name }) => !configured.has(name));
  if (own.length > 0) await rights.putRoles(own.map(definition));
  for (const role of roles) {
    if (isDefaultRole(role.name)) continue;
    for (const kind of kinds) {
      const names = role[kind];
      if (!names) continue;
      const unknown = await rights.setHolders(role.name, kind, names);
      if (unknown.length > 0) {
        log.warn({ authenticator, role: role.name, [kind]: unknown }, 'a managed role names unknown holders');
      }
    }
  }
}

/**
 * With `manageRoles` the user holds exactly the roles the authenticator names (P137), and besides the default role
 * `user`. The role `admin` goes with the flag: what a login gave, a login without it takes; an administrator by
 * configuration or API stays one.
 */
export function managedRolesStep(
  deps: ManagedRolesDeps & {
    readonly manage: ForAuthenticators;
    readonly users: Pick<Users, 'setAdmin'>;
    readonly work: UnitOfWork;
  },
): IdentityStep {
  const { manage, rights, users, work, table, log } = deps;
  return async ({ identity: { roles }, ref: { authenticator }, admin }) => {
    if (!isFor(manage, authenticator) || roles === undefined || roles === null) return null;
    const problems = managedRoleProblems(roles, table);
    if (problems.length > 0) {
      log.error({ authenticator, problems }, 'roles of an identity are wrong, refused');
      throw new HubError(
        'HUB_CONFLICT',
        `Authenticator ${authenticator} gave roles that cannot be: ${problems[0]}`,
      );
    }
    const names = roles.map(({ name }) => name);
    return async (user, actor) => {
      await putManagedRoles(roles, authenticator, deps);
      if (names.includes('admin')) {
        if (await users.setAdmin(actor, user, true)) await rights.markHolder(user.id, 'admin', true);
      } else if (admin === true) await rights.markHolder(user.id, 'admin', false);
      else if (await rights.isManagedHolder(user.id, 'admin')) await users.setAdmin(actor, user, false);

      const { won, lost } = await rights.setRolesOf(user.id, names, ['user', 'admin']);
      const removed = lost.length > 0 ? await rights.removeUnheld(lost) : [];
      if (won.length + lost.length === 0) return;
      const details = { won: [...won], lost: [...lost], removed: [...removed], authenticator };
      await work.note([{ actor, action: 'user.roles', target: `user:${user.name}`, details }]);
    };
  };
}

function definition({ name, description, scopes }: ManagedRole) {
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(scopes === undefined ? {} : { scopes: [...new Set(scopes)].sort() }),
  };
}

function isRole(role: unknown): role is ManagedRole {
  if (typeof role !== 'object' || role === null || !('name' in role) || typeof role.name !== 'string')
    return false;
  const { description, ...lists } = role as Readonly<Record<string, unknown>>;
  if (description !== undefined && !isText(description)) return false;
  return ['scopes', ...kinds].every((key) => {
    const list = lists[key];
    return list === undefined || (Array.isArray(list) && list.every(isText));
  });
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && isStorable(value);
}
