import { Networks } from '../accounts/index.ts';
import { Authenticator, type PluginInstance } from '../plugin/index.ts';
import type { AccountsConfig } from './check-accounts.ts';
import type { Settings } from './config.ts';

/** Mistakes in `signIn` that other parts of the configuration make one (P136, P138, P139). */
export function signInProblems(
  { signIn }: Pick<Settings, 'signIn'>,
  plugins: readonly PluginInstance[],
  { members, groups }: Pick<AccountsConfig, 'members' | 'groups'>,
): readonly string[] {
  const { manageGroups, manageRoles, resetManagedRoles, throttle } = signIn;
  const ids = plugins.filter(({ provides }) => provides === Authenticator).map(({ id }) => id);
  const problems = [
    ...unknownIds('signIn.manageGroups', manageGroups, ids),
    ...unknownIds('signIn.manageRoles', manageRoles, ids),
    ...new Networks(throttle.sharedNetworks).unreadable.map(
      (entry) =>
        `signIn.throttle.sharedNetworks: "${entry}" is neither an address nor a network such as 192.0.2.0/24.`,
    ),
  ];
  if (isOn(manageGroups)) {
    const named = groups.filter(({ users }) => users.length > 0).map(({ name }) => name);
    if (named.length > 0) {
      problems.push(
        `groups: ${named.join(', ')} may not name users while \`signIn.manageGroups\` lets authenticators say who belongs to a group. Take the users out, or turn it off.`,
      );
    }
  }
  if (isOn(manageRoles)) {
    const given = members.filter(
      ({ users, groups: ofGroups }) => (users ?? []).length > 0 || (ofGroups ?? []).length > 0,
    );
    problems.push(
      ...given.map(
        ({ role }) =>
          `roles: ${role} may not name users or groups while \`signIn.manageRoles\` lets authenticators say who holds a role. Take them out, or turn it off.`,
      ),
    );
  } else if (resetManagedRoles) {
    problems.push('signIn.resetManagedRoles: needs `signIn.manageRoles`.');
  }
  return problems;
}

function isOn(setting: boolean | readonly string[]): boolean {
  return typeof setting === 'boolean' ? setting : setting.length > 0;
}

function unknownIds(
  where: string,
  setting: boolean | readonly string[],
  ids: readonly string[],
): readonly string[] {
  if (typeof setting === 'boolean') return [];
  return setting
    .filter((id) => !ids.includes(id))
    .map((id) => `${where}: there is no authenticator '${id}'; those there are: ${ids.join(', ')}.`);
}
