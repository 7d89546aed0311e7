import type { RoleDefinition } from '../access/index.ts';
import { hashSecret, type UnitOfWork } from '../kernel/index.ts';
import { HubError } from '../plugin/index.ts';
import type { AccessRules } from './access-rules.ts';
import type { OAuthClients } from './oauth-clients.ts';
import type { UserStore } from './ports.ts';
import { hubClientId, type UserRecord } from './records.ts';
import type { RoleMembers } from './role-members.ts';
import { configuredTokenNote, type ServiceAccount, serviceClientDescription } from './service-account.ts';
import type { AccountSetup, GroupSetup, RoleHolder, RoleHolders, ServiceRows } from './setup-ports.ts';

/** What of the configuration concerns accounts. Users are named as people wrote them. */
export interface AccountConfiguration {
  readonly rules: AccessRules;
  /** All roles there are to be, the defaults among them (R148–R151). */
  readonly roles: readonly RoleDefinition[];
  /** For each configured role who holds it. */
  readonly members: readonly RoleMembers[];
  readonly groups: readonly GroupSetup[];
  readonly services: readonly ServiceAccount[];
}

/** What the configuration changed. */
export interface AppliedAccounts {
  /** Users that did not exist; the authenticator's `onUserAdded` is still to be called for them. */
  readonly created: readonly UserRecord[];
  /** Names of roles that are new, different or gone. */
  readonly changedRoles: readonly string[];
  /** Services that are no longer in the configuration. */
  readonly removedServices: readonly string[];
  /** Services created at run time that gave way to one of the configuration with their name (P502). */
  readonly replacedServices: readonly string[];
}

/** What a configuration is applied with. */
export interface AccountSetupDeps {
  readonly setup: AccountSetup;
  readonly users: UserStore;
  readonly clients: OAuthClients;
  readonly work: UnitOfWork;
}

/**
 * Makes the database agree with the configuration, in one transaction and one hub at a time: roles and who holds
 * them (R148–R154), groups (R156), services with tokens and clients (R175, P501, P502), users that anything names
 * (P614, P616), flags and roles of administrators, and the blocked (P617). A second time it changes nothing.
 *
 * @throws HubError `HUB_CONFIG_INVALID` for what only the database can tell: a role that names an unknown service,
 * a token or client id that is taken.
 */
export async function applyAccounts(
  configuration: AccountConfiguration,
  { setup, users, clients, work }: AccountSetupDeps,
): Promise<AppliedAccounts> {
  const { rules, roles, services } = configuration;
  const names = resolveNames(configuration);
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
    const ofServices = await setup.putServices(services.map(serviceRows), {
      note: configuredTokenNote,
      clientId: hubClientId,
    });
    const created = await users.add(names.users, false);
    const changed = [
      ...(await setup.putGroups(names.groups)),
      ...(await setup.makeAdmins(names.admins)),
      ...(await setup.setUserRoles(names.userRoles)),
    ];
    await setup.setGroupRoles(names.groupRoles);
    const unknown = await setup.setServiceRoles(names.serviceRoles);
    refuseImpossible(unknown, ofServices);
    changed.push(...(await setup.equaliseAdmins(names.exactAdmins)));
    changed.push(...(await setup.putBlocked(rules.blockedNames, rules.blockedElsewhere)));
    changed.push(...(await setup.stripBlocked()));
    await setup.removeStrayClients();
    await setup.raiseVersions([...new Set(changed)]);
    const { removed: removedServices, replaced: replacedServices } = ofServices;
    return { created, changedRoles, removedServices, replacedServices };
  });
}

/** Everything the configuration says about who is what, with names as the hub writes them. */
function resolveNames({ rules, members, groups, services }: AccountConfiguration) {
  const blocked = new Set(rules.blockedNames);
  // Who is blocked is given nothing to begin with, so that a second start finds nothing to take away.
  const usable = (list: readonly string[]) => list.filter((name) => !blocked.has(name));
  const resolved = (entries: readonly string[]) => usable([...new Set(entries.map(rules.nameOf))]);
  const admins = usable(rules.adminNames);
  const allowed = usable(rules.allowedNames);

  const userRoles = holders(members, ({ users }) => users && resolved(users));
  const exactAdmins = { users: userRoles.exact.includes('admin'), services: false };
  userRoles.wanted.push(...allowed.map((name) => ({ role: 'user', name })));
  userRoles.wanted.push(...admins.map((name) => ({ role: 'admin', name })));
  const serviceRoles = holders(members, (of) => of.services);
  exactAdmins.services = serviceRoles.exact.includes('admin');
  for (const { name, roles, admin } of services) {
    serviceRoles.wanted.push(...roles.map((role) => ({ role, name })));
    if (admin) serviceRoles.wanted.push({ role: 'admin', name });
  }
  const ofGroups = groups.map((group) => ({ ...group, users: resolved(group.users) }));
  const named = [
    ...admins,
    ...allowed,
    ...userRoles.wanted.map(({ name }) => name),
    ...ofGroups.flatMap((group) => group.users),
  ];
  return {
    admins,
    users: [...new Set(named)],
    groups: ofGroups,
    userRoles,
    groupRoles: holders(members, (of) => of.groups),
    serviceRoles,
    exactAdmins,
  };
}

function holders(
  members: readonly RoleMembers[],
  ofKind: (members: RoleMembers) => readonly string[] | null,
): RoleHolders & { readonly wanted: RoleHolder[] } {
  const wanted: RoleHolder[] = [];
  const exact: string[] = [];
  for (const one of members) {
    const names = ofKind(one);
    if (names === null) continue;
    exact.push(one.role);
    wanted.push(...names.map((name) => ({ role: one.role, name })));
  }
  return { wanted, exact };
}

function serviceRows({
  apiToken,
  client,
  admin: _admin,
  roles: _roles,
  ...row
}: ServiceAccount): ServiceRows {
  const tokenHash = apiToken === null ? null : hashSecret(apiToken);
  return {
    ...row,
    tokenHash,
    tokenPrefix: apiToken?.slice(0, 4) ?? null,
    client: client && {
      ...client,
      description: serviceClientDescription(row.name),
      secretHash: tokenHash,
    },
  };
}

function refuseImpossible(
  unknown: readonly string[],
  { tokenTaken, clientTaken }: { tokenTaken: readonly string[]; clientTaken: readonly string[] },
): void {
  const problems = [
    ...unknown.map((name) => `roles: there is no service '${name}'`),
    ...tokenTaken.map((name) => `services: the apiToken of '${name}' belongs to somebody else already`),
    ...clientTaken.map((name) => `services: the OAuth client id of '${name}' belongs to another service`),
  ];
  if (problems.length === 0) return;
  throw new HubError('HUB_CONFIG_INVALID', 'The configuration does not fit what the database holds.', {
    problems,
  });
}
