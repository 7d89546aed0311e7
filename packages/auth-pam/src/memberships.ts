import { HubError, type Logger } from '@hub/core/plugin';
import type { Accounts } from '@hub/posix';
import type { PamAuthenticatorOptions } from './options.ts';

/** What the groups of an account mean here. */
export interface Memberships {
  /** Names of all its groups; null when there is no such account. */
  of(account: string): Promise<readonly string[] | null>;
  /** Is it in one of `allowedGroups` (P152)? An account nobody knows is in none. */
  isAllowed(account: string): Promise<boolean>;
  /** Is it in one of `adminGroups` (P154)? */
  isAdmin(account: string): Promise<boolean>;
}

/** Asks anew each time: who leaves a group has left it at the next sign-in. */
export function memberships(
  { allowedGroups, adminGroups }: PamAuthenticatorOptions,
  { accounts, log }: { accounts: Accounts; log: Logger },
): Memberships {
  const isInOne = async (account: string, gids: readonly number[]): Promise<boolean> => {
    const groups = (await accounts.groupsOf(account)) ?? [];
    return groups.some(({ gid }) => gids.includes(gid));
  };

  return {
    async of(account) {
      return (await accounts.groupsOf(account))?.flatMap(({ name }) => name ?? []) ?? null;
    },
    async isAllowed(account) {
      const gids: number[] = [];
      for (const name of allowedGroups) {
        const group = await accounts.groupNamed(name);
        if (group) gids.push(group.gid);
        else log.error({ group: name }, 'a group of allowedGroups is not known to this system');
      }
      return isInOne(account, gids);
    },
    async isAdmin(account) {
      const gids: number[] = [];
      for (const name of adminGroups) {
        const group = await accounts.groupNamed(name);
        // Answering "no" would take away rights because of a group that is only out of reach.
        if (!group) throw unknownAdminGroup(name);
        gids.push(group.gid);
      }
      return isInOne(account, gids);
    },
  };
}

function unknownAdminGroup(name: string): HubError {
  return new HubError('HUB_PLUGIN_FAILED', `The group ${name} of adminGroups is not known to this system.`, {
    hint: `Make it (\`groupadd ${name}\`), mend its source, or take it out of adminGroups.`,
  });
}
