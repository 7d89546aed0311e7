/** What a scope means and which scopes it brings along. */
export interface ScopeDefinition {
  /** One sentence for people, shown on the consent page. */
  readonly description: string;
  /** Scopes directly contained in this one; those contain others in turn. */
  readonly subscopes: readonly string[];
}

function scope(description: string, ...subscopes: readonly string[]): ScopeDefinition {
  return { description, subscopes };
}

/**
 * Every scope the hub itself knows (contract section 6.1): 45 permissions and three metascopes, which stand for
 * others and are resolved when they are used: `self` (R136), `inherit` (R137) and `(no_scope)`.
 */
export const builtInScopes = {
  '(no_scope)': scope('Learn who you are, and nothing else.'),
  self: scope('Do what you can do with your own account and servers.'),
  inherit: scope('Do everything you are allowed to do.'),

  'admin-ui': scope('Open the administration page.'),

  'admin:users': scope(
    'Create, change and delete users and see their sign-in secrets. Whoever may do this can become anybody.',
    'admin:auth_state',
    'users',
    'read:roles:users',
    'delete:users',
  ),
  'admin:auth_state': scope('See what the sign-in provider stored about a user, secrets included.'),
  users: scope(
    'See and change users, but not their servers, tokens or sign-in secrets.',
    'read:users',
    'list:users',
    'users:activity',
  ),
  'delete:users': scope('Delete users.'),
  'list:users': scope('List users by name.', 'read:users:name'),
  'read:users': scope(
    'See users: name, groups, roles, last activity and where their default server is.',
    'read:users:name',
    'read:users:groups',
    'read:users:activity',
  ),
  'read:users:name': scope('See the names of users.'),
  'read:users:groups': scope('See which groups users belong to.'),
  'read:users:activity': scope('See when users were last active.'),
  'users:activity': scope('Report that users are active.', 'read:users:activity'),

  'read:roles': scope(
    'See who holds which role.',
    'read:roles:users',
    'read:roles:services',
    'read:roles:groups',
  ),
  'read:roles:users': scope('See the roles of users.'),
  'read:roles:services': scope('See the roles of services.'),
  'read:roles:groups': scope('See the roles of groups.'),

  'admin:servers': scope(
    'Create, start, stop and delete servers and see what the hub stores about them.',
    'admin:server_state',
    'servers',
  ),
  'admin:server_state': scope('See the internal state the hub stores for servers.'),
  servers: scope('Start and stop servers.', 'read:servers', 'start:servers', 'delete:servers'),
  'read:servers': scope('See servers and the names of their owners.', 'read:users:name'),
  'start:servers': scope('Create, start and change servers.'),
  'delete:servers': scope('Stop and delete servers.'),
  'access:servers': scope('Open and use servers.'),

  tokens: scope('See, create and revoke tokens.', 'read:tokens'),
  'read:tokens': scope('See which tokens exist.'),

  'admin:groups': scope(
    'Create, change and delete groups and see their roles.',
    'groups',
    'read:roles:groups',
    'delete:groups',
  ),
  groups: scope(
    'Change groups and who belongs to them, which may change what those people are allowed to do.',
    'read:groups',
    'list:groups',
  ),
  'list:groups': scope('List groups by name.', 'read:groups:name'),
  'read:groups': scope('See groups, their members and properties.', 'read:groups:name'),
  'read:groups:name': scope('See the names of groups.'),
  'delete:groups': scope('Delete groups.'),

  'admin:services': scope(
    'Create, change and delete services, except those of the configuration.',
    'list:services',
    'read:services',
    'read:roles:services',
  ),
  'list:services': scope('List services by name.', 'read:services:name'),
  'read:services': scope('See services and how they are set up.', 'read:services:name'),
  'read:services:name': scope('See the names of services.'),
  'access:services': scope('Open and use services.'),

  shares: scope(
    'Share servers with others and end sharing.',
    'access:servers',
    'read:shares',
    'users:shares',
    'groups:shares',
  ),
  'read:shares': scope('See with whom servers are shared.'),
  'users:shares': scope('See and give up what is shared with a user.', 'read:users:shares'),
  'read:users:shares': scope('See what is shared with a user.'),
  'groups:shares': scope('See and give up what is shared with a group.', 'read:groups:shares'),
  'read:groups:shares': scope('See what is shared with a group.'),

  'read:hub': scope('See details of this hub and its parts.'),
  proxy: scope('See the routes of the proxy, renew them, and point the hub to another proxy.'),
  shutdown: scope('Shut the hub down.'),
  'read:metrics': scope('Read the metrics of the hub.'),
} as const satisfies Record<string, ScopeDefinition>;

/** Name of a scope the hub itself knows. */
export type BuiltInScope = keyof typeof builtInScopes;

/** Name of any scope: a built-in one, or one of the operator's own (R160). */
export type ScopeName = BuiltInScope | `custom:${string}`;

/** What a user may do with what is their own (R136). */
export const selfScopes = [
  'read:users',
  'users:shares',
  'read:shares',
  'users:activity',
  'servers',
  'tokens',
  'access:servers',
] as const satisfies readonly BuiltInScope[];
