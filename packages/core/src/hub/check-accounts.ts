import {
  builtInScopeTable,
  type CustomScopes,
  type DefaultRoleName,
  defaultRoles,
  type RoleDefinition,
  resolveRoles,
  type ScopeTable,
  scopeTableWith,
} from '../access/index.ts';
import {
  type GroupSetup,
  type NamedUsers,
  type RoleMembers,
  roleMembers,
  type ServiceAccount,
} from '../accounts/index.ts';
import { refuseUnstorable } from '../http/index.ts';
import { HubError, type JsonValue, type Options } from '../plugin/index.ts';
import { checkService, clashes } from '../services/index.ts';
import { accountSchema } from './account-schema.ts';
import { checkOptions } from './check-options.ts';
import type { HubConfig } from './config.ts';

/** Scopes, roles, groups and services of a configuration, checked; to be used only when nothing is wrong. */
export interface AccountsConfig {
  /** All scopes of this hub (R160). */
  readonly table: ScopeTable;
  /** All roles by name, the defaults among them (R148). */
  readonly roles: ReadonlyMap<string, RoleDefinition>;
  readonly members: readonly RoleMembers[];
  readonly groups: readonly GroupSetup[];
  readonly services: readonly ServiceAccount[];
  /** Users whom roles and groups name, with the place. */
  readonly named: readonly NamedUsers[];
}

/** What came of the look at accounts. */
export interface CheckedAccounts {
  readonly accounts: AccountsConfig;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

type Stated = Options<typeof accountSchema>;

/** What {@link checkAccounts} reads of a configuration. */
export type StatedAccounts = Pick<
  HubConfig,
  'roles' | 'groups' | 'services' | 'customScopes' | 'extraUserScopes'
>;

/** Checks scopes, roles, groups and services (R149–R156, R160, W94) and names every mistake at once. */
export function checkAccounts(config: StatedAccounts, baseUrl: string): CheckedAccounts {
  const { roles, groups, services, customScopes, extraUserScopes } = config;
  const given = Object.fromEntries(
    Object.entries({ roles, groups, services, customScopes }).filter(([, value]) => value !== undefined),
  );
  const shape = checkOptions(accountSchema, given, 'configuration');
  const problems = [...shape.problems];
  if (problems.length === 0) problems.push(...unstorable(given));
  if (problems.length > 0) return { accounts: nothing, problems, warnings: [] };
  // Checked against the very schema this type is made from.
  const stated = shape.options as Stated;

  const warnings: string[] = [];
  const scopes = scopeTableWith(stated.customScopes as CustomScopes);
  if (!scopes.ok) problems.push(...scopes.problems.map((problem) => `customScopes: ${problem}`));
  warnings.push(...scopes.warnings.map((warning) => `customScopes: ${warning}`));
  const table = scopes.ok ? scopes.table : tolerant(stated.customScopes);

  const extra = Array.isArray(extraUserScopes)
    ? extraUserScopes.filter((one) => typeof one === 'string')
    : [];
  const resolved = resolveRoles(table, stated.roles, extra);
  problems.push(...resolved.problems.map((problem) => `roles: ${problem}`));
  warnings.push(...resolved.warnings.map((warning) => `roles: ${warning}`));
  const byName = new Map(resolved.roles.map((role) => [role.name, role]));

  const accounts: ServiceAccount[] = [];
  for (const record of stated.services) {
    const found = checkService(record, { table, baseUrl, isRole: (name) => byName.has(name) });
    accounts.push(found.account);
    problems.push(...found.problems.map((problem) => `services: ${record.name}: ${problem}`));
    warnings.push(...found.warnings.map((warning) => `services: ${record.name}: ${warning}`));
  }
  problems.push(...clashes(accounts));
  for (const name of Object.keys(stated.groups)) {
    if (name === '' || name.length > 255) problems.push(`groups: '${name}' cannot be the name of a group`);
  }
  warnings.push(...unknownServices(stated, accounts));

  return {
    accounts: {
      table,
      roles: byName,
      members: stated.roles.map(roleMembers),
      groups: groupsOf(stated),
      services: accounts,
      named: namedUsers(stated),
    },
    problems,
    warnings,
  };
}

const nothing: AccountsConfig = {
  table: builtInScopeTable,
  roles: new Map(),
  members: [],
  groups: [],
  services: [],
  named: [],
};

/** While custom scopes are wrong in themselves, who uses them is not blamed for it. */
function tolerant(custom: object): ScopeTable {
  const own = new Set(Object.keys(custom));
  return { ...builtInScopeTable, has: (base) => own.has(base) || builtInScopeTable.has(base) };
}

function unstorable(given: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(given).flatMap(([key, value]) => {
    try {
      refuseUnstorable(JSON.parse(JSON.stringify(value)) as JsonValue);
      return [];
    } catch (error) {
      return [`configuration: ${key}: ${error instanceof HubError ? error.message : 'is not plain data'}`];
    }
  });
}

/** Only the database knows those that were created at run time: a start with an unknown one fails (P511). */
function unknownServices(stated: Stated, services: readonly ServiceAccount[]): readonly string[] {
  const known = new Set(services.map(({ name }) => name));
  return stated.roles.flatMap(({ name, services: holders = [] }) =>
    holders
      .filter((holder) => !known.has(holder))
      .map(
        (holder) => `roles: ${name} names the service '${holder}', which must have been created over the API`,
      ),
  );
}

function groupsOf({ groups }: Stated): readonly GroupSetup[] {
  return Object.entries(groups).map(([name, { users = [], properties = null }]) => ({
    name,
    users,
    properties: properties as GroupSetup['properties'],
  }));
}

function namedUsers({ roles, groups }: Stated): readonly NamedUsers[] {
  const ofRoles = roles.map(({ name, users = [] }) => ({ where: `roles: ${name}.users`, names: users }));
  const ofGroups = Object.entries(groups).map(([name, { users = [] }]) => ({
    where: `groups: ${name}.users`,
    names: users,
  }));
  return [...ofRoles, ...ofGroups];
}

/** Raw scopes of a role that every hub has. */
export function scopesOfRole({ roles }: AccountsConfig, name: DefaultRoleName): readonly string[] {
  return (roles.get(name) ?? defaultRoles[name]).scopes;
}
