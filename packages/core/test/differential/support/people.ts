/** Who lives in both hubs: the same users, groups, roles, services and limits. */

export const password = 'open-sesame';
export const admins = ['admin'];
export const serverLimit = 3;
export const pageLimit = 4;
export const pageMaxLimit = 6;
/** A request waits so many seconds for a start or a stop. */
export const slowSeconds = 4;

export const groups = {
  g1: { users: ['alice', 'bob'], properties: { quota: 3 } },
  g2: { users: ['carol'], properties: {} },
  g3: { users: [], properties: {} },
};

export const customScopes = {
  'custom:app:all': { description: 'All of the app', subscopes: ['custom:app:read'] },
  'custom:app:read': { description: 'Read the app' },
};

/**
 * One service for each set of scopes that a test asks with; its name is the caller's. What belongs to users is
 * given by tokens instead, see {@link tokens}.
 */
export const serviceScopes: Readonly<Record<string, readonly string[]>> = {
  'svc-none': [],
  'svc-list-g1': ['list:users!group=g1'],
  'svc-list-alice': ['list:users!user=alice'],
  'svc-list-both': ['list:users!user=carol', 'list:users!group=g1', 'read:users:activity!user=alice'],
  'svc-list-server': ['list:users!server=alice/'],
  'svc-read-alice': ['read:users!user=alice'],
  'svc-read-all': ['list:users', 'read:users', 'read:servers', 'read:roles'],
  'svc-names': ['list:users', 'list:groups', 'list:services'],
  'svc-auth-state': ['list:users', 'admin:auth_state'],
  'svc-server-one': ['servers!server=alice/one'],
  'svc-servers-alice': ['servers!user=alice'],
  'svc-servers-g1': ['servers!group=g1'],
  'svc-read-servers': ['read:servers', 'list:users'],
  'svc-state': ['admin:servers', 'list:users'],
  'svc-groups-g1': ['groups!group=g1'],
  'svc-groups': ['admin:groups', 'delete:groups'],
  'svc-tokens-alice': ['tokens!user=alice'],
  'svc-tokens-g1': ['read:tokens!group=g1'],
  'svc-admin-users': ['admin:users'],
  'svc-admin-newbie': ['admin:users!user=newbie'],
  'svc-admin-g1': ['admin:users!group=g1'],
  'svc-activity': ['users:activity'],
  'svc-roles': ['read:roles'],
  'svc-proxy': ['proxy'],
  'svc-hub': ['read:hub', 'read:metrics'],
  'svc-metrics-alice': ['read:metrics!user=alice'],
  'svc-services': ['admin:services'],
  'svc-services-web': ['read:services!service=web', 'list:services!service=web'],
  'svc-shares': ['shares', 'read:users:name', 'read:groups:name'],
  'svc-custom': ['custom:app:all!user=alice'],
};

/** A service's token on both hubs; the first four characters differ, as look-ups go by them. */
export function serviceToken(name: string): string {
  return `${[...serviceNames, name].indexOf(name).toString(36).padStart(4, '0')}-token-of-${name}`;
}

const serviceNames = [...Object.keys(serviceScopes), 'root', 'web', 'ext', 'quiet'];

/** Roles by which services hold their scopes, and one for a user and a group. */
export const roles = [
  ...Object.entries(serviceScopes)
    .filter(([, scopes]) => scopes.length > 0)
    .map(([name, scopes]) => ({ name: `role-of-${name}`, scopes: [...scopes], services: [name] })),
  { name: 'reader', description: 'Reads its group', scopes: ['read:users!group=g2'], groups: ['g2'] },
  { name: 'sharing', scopes: ['shares!user', 'read:users:name', 'read:groups:name'], users: ['alice'] },
  { name: 'group-role', scopes: ['access:services!service=web'], groups: ['g1'] },
];

/** Services without a role of their own; `url` is where the test's own listener answers. */
export function plainServices(url: string) {
  return [
    { name: 'root', admin: true },
    { name: 'web', url, info: { team: 'a' }, oauth: { noConfirm: true } },
    { name: 'ext', oauth: { redirectUri: 'https://ext.example/callback' } },
    { name: 'quiet', display: false },
  ];
}

/** Tokens made over the API: their owner and their scopes; none: whatever the owner may. */
export const tokens: Readonly<
  Record<string, { readonly user: string; readonly scopes?: readonly string[] }>
> = {
  admin: { user: 'admin' },
  alice: { user: 'alice' },
  bob: { user: 'bob' },
  carol: { user: 'carol' },
  dave: { user: 'dave' },
  'alice-none': { user: 'alice', scopes: [] },
  'alice-self-read': { user: 'alice', scopes: ['read:users!user'] },
  'alice-server-one': { user: 'alice', scopes: ['servers!server=alice/one'] },
  'admin-read-alice': { user: 'admin', scopes: ['read:users!user=alice'] },
  'admin-list-g1': { user: 'admin', scopes: ['list:users!group=g1'] },
  'admin-server-one': { user: 'admin', scopes: ['servers!server=alice/one'] },
  'admin-groups-g1': { user: 'admin', scopes: ['groups!group=g1'] },
  'admin-inherit': { user: 'admin', scopes: ['inherit'] },
};

/** Users nobody's role or group names. */
export const users = ['dave', 'sp ace', 'ünï+@x'];

/** All callers that a table of answers goes over: nobody, services, tokens of users. */
export const callers: readonly (string | null)[] = [
  null,
  'root',
  ...Object.keys(serviceScopes),
  ...Object.keys(tokens),
];
