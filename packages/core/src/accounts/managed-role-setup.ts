import type { UnitOfWork } from '../kernel/index.ts';
import { HubError, type ManagedRole } from '../plugin/index.ts';
import type { AuthenticatorInstance } from './access-rules.ts';
import { type ForAuthenticators, isFor } from './identity-steps.ts';
import { type ManagedRolesDeps, managedRoleProblems, putManagedRoles } from './managed-roles.ts';
import type { PluginCall } from './plugin-call.ts';
import type { AccountSetup } from './setup-ports.ts';

/** What managed roles are set up with at the start of a hub. */
export interface ManagedRoleSetupDeps extends ManagedRolesDeps {
  readonly manage: ForAuthenticators;
  /** Managed roles and holders that nobody names are removed. */
  readonly reset: boolean;
  readonly authenticators: readonly AuthenticatorInstance[];
  readonly callOf: (authenticator: string) => PluginCall;
  readonly setup: Pick<AccountSetup, 'lock'>;
  readonly work: UnitOfWork;
}

interface Loaded {
  readonly authenticator: string;
  readonly roles: readonly ManagedRole[];
}

/**
 * The roles that authenticators know without a sign-in (P139), one hub at a time and all or nothing. With a reset,
 * groups and services hold a role only where it names them; users it does not speak of keep it. An authenticator
 * that cannot be asked now keeps the hub from nothing: everything stays as it is.
 *
 * @throws HubError `HUB_CONFIG_INVALID` for roles that cannot be, or a reset without anybody who knows all roles.
 */
export async function setUpManagedRoles(deps: ManagedRoleSetupDeps): Promise<void> {
  const managing = deps.authenticators.filter(({ id }) => isFor(deps.manage, id));
  if (managing.length === 0) return;
  if (deps.reset) requireLoaders(managing);
  const loaded = await loadAll(managing, deps);
  if (!loaded) return;
  refuseWrong(loaded, deps);

  const { rights, setup, work, log, reset } = deps;
  const audit = { actor: { kind: 'hub', name: 'start' }, action: 'roles.load', target: 'hub' } as const;
  const removed = await work.run(audit, async () => {
    await setup.lock();
    for (const { authenticator, roles } of loaded) {
      await putManagedRoles(reset ? roles.map(withAllKinds) : roles, authenticator, deps);
    }
    if (!reset) return [];
    return rights.removeRolesExcept(loaded.flatMap(({ roles }) => roles.map(({ name }) => name)));
  });
  if (removed.length > 0) log.info({ roles: removed }, 'managed roles that nobody names any more are gone');
}

function requireLoaders(managing: readonly AuthenticatorInstance[]): void {
  const without = managing.filter(({ authenticator }) => !authenticator.loadManagedRoles).map(({ id }) => id);
  if (without.length === 0) return;
  throw new HubError('HUB_CONFIG_INVALID', '`signIn.resetManagedRoles` cannot be followed.', {
    problems: without.map(
      (id) =>
        `signIn.resetManagedRoles: authenticator ${id} does not tell which roles there are (loadManagedRoles). Turn it off, or name in \`signIn.manageRoles\` the authenticators that do.`,
    ),
  });
}

/** `null` when one of them could not be asked: half of the roles must not pass for all of them. */
async function loadAll(
  managing: readonly AuthenticatorInstance[],
  { callOf, log }: ManagedRoleSetupDeps,
): Promise<readonly Loaded[] | null> {
  const loaded: Loaded[] = [];
  for (const { id, authenticator } of managing) {
    try {
      const roles = await callOf(id)('loadManagedRoles', () => authenticator.loadManagedRoles?.() ?? []);
      loaded.push({ authenticator: id, roles });
    } catch (error) {
      log.error(
        { authenticator: id, err: error },
        'managed roles could not be loaded, they stay as they are',
      );
      return null;
    }
  }
  return loaded;
}

function refuseWrong(loaded: readonly Loaded[], { table }: ManagedRoleSetupDeps): void {
  const owners = new Map<string, string>();
  const problems = loaded.flatMap(({ authenticator, roles }) => {
    const found = managedRoleProblems(roles, table);
    if (found.length > 0) return found.map((problem) => `authenticator ${authenticator}: ${problem}`);
    return roles.flatMap(({ name }) => {
      const other = owners.get(name);
      owners.set(name, authenticator);
      return other === undefined
        ? []
        : [`authenticator ${authenticator}: Role ${name} is named by ${other}, too`];
    });
  });
  if (problems.length === 0) return;
  throw new HubError('HUB_CONFIG_INVALID', 'Authenticators name roles that cannot be.', { problems });
}

function withAllKinds(role: ManagedRole): ManagedRole {
  return { ...role, groups: role.groups ?? [], services: role.services ?? [] };
}
