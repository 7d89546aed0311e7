import type { RoleDefinition } from '../access/index.ts';
import type { UnitOfWork } from '../kernel/index.ts';
import type { AccessRules } from './access-rules.ts';
import type { OAuthClients } from './oauth-clients.ts';
import type { AccountSetup, UserStore } from './ports.ts';
import { hubClientId, type UserRecord } from './records.ts';

/** What of the configuration concerns accounts. */
export interface AccountConfiguration {
  readonly rules: AccessRules;
  /** All roles there are to be, the defaults among them (R148–R151). */
  readonly roles: readonly RoleDefinition[];
}

/** What the configuration changed. */
export interface AppliedAccounts {
  /** Users that did not exist; the authenticator's `onUserAdded` is still to be called for them. */
  readonly created: readonly UserRecord[];
  /** Names of roles that are new or different. */
  readonly changedRoles: readonly string[];
}

/**
 * Makes the database agree with the configuration, in one transaction and one hub at a time: roles, the hub's own
 * OAuth client (R175), users named in `admins` and `allowed` (P614), flags and roles of administrators (R154).
 */
export async function applyAccounts(
  configuration: AccountConfiguration,
  deps: { setup: AccountSetup; users: UserStore; clients: OAuthClients; work: UnitOfWork },
): Promise<AppliedAccounts> {
  const { rules, roles } = configuration;
  const { setup, users, clients, work } = deps;
  const audit = {
    actor: { kind: 'hub', name: 'start' },
    action: 'configuration.apply',
    target: 'hub',
  } as const;

  return work.run(audit, async () => {
    await setup.lock();
    const changedRoles = await setup.putRoles(roles);
    await clients.put({
      identifier: hubClientId,
      description: 'JupyterHub',
      secret: null,
      redirectUri: '',
      allowedScopes: [],
    });
    const created = await users.add([...new Set([...rules.adminNames, ...rules.allowedNames])], false);
    await setup.makeAdmins(rules.adminNames);
    await setup.giveUserRole(rules.allowedNames);
    await setup.equaliseAdmins();
    await setup.stripRights(rules.blockedNames);
    return { created, changedRoles };
  });
}
