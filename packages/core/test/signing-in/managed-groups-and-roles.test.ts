import { describe, expect, it } from 'vitest';
import { createTestHub, type TestHubOptions } from '../../../testing/src/index.ts';
import type { Authenticator, Identity } from '../../src/plugin/index.ts';
import { openApiHub } from '../support/api-hub.ts';
import {
  enter,
  errorsIn,
  type Provider,
  provider,
  steeredAuthenticator,
} from '../support/steered-authenticator.ts';

async function open(options: TestHubOptions & { told?: Provider; more?: Partial<Authenticator> } = {}) {
  const { told = provider(), more = {}, ...rest } = options;
  const api = await openApiHub({ plugins: [steeredAuthenticator(told, more)], ...rest });
  const come = async (name: string, identity: Partial<Identity>, id = 'steered') => {
    told.identities.set(name, identity);
    return (await enter(api.hub.url, name, id)).answer.status;
  };
  const model = async (name: string) => (await api.ada.api('GET', `/users/${name}`)).json;
  const rolesOf = async (name: string) => (await model(name)).roles;
  const group = async (name: string) => (await api.ada.api('GET', `/groups/${name}`)).json;
  const stored = async () =>
    (await api.sql`SELECT name, scopes, description FROM roles WHERE managed_by_auth ORDER BY name`).map(
      (row) => ({ ...row }),
    );
  return Object.assign(api, { told, come, model, rolesOf, group, stored });
}

/** The sentences with which a configuration is refused. */
async function problemsOf(options: TestHubOptions): Promise<string> {
  const error: unknown = await createTestHub({
    plugins: [steeredAuthenticator(provider())],
    ...options,
  }).then(
    async (hub) => {
      await hub[Symbol.asyncDispose]();
      return null;
    },
    (thrown: unknown) => thrown,
  );
  const problems = error instanceof Error && 'problems' in error ? error.problems : [];
  return Array.isArray(problems) ? problems.join('\n') : '';
}

describe('with manageGroups', () => {
  const signIn = { manageGroups: true };

  it('the groups are exactly those named: made where missing, kept where empty; null leaves them (P135)', async () => {
    await using hub = await open({ signIn });
    expect(await hub.come('bob', { groups: ['staff', 'maths'] })).toBe(302);
    expect(await hub.model('bob')).toMatchObject({ groups: ['maths', 'staff'] });
    await hub.come('bob', { groups: null });
    expect(await hub.model('bob')).toMatchObject({ groups: ['maths', 'staff'] });
    await hub.come('bob', { groups: ['physics'] });
    expect(await hub.model('bob')).toMatchObject({ groups: ['physics'] });
    expect(await hub.group('maths')).toMatchObject({ name: 'maths', users: [] });
    await hub.come('bob', { groups: [] });
    expect(await hub.model('bob')).toMatchObject({ groups: [] });
    expect(await hub.trail('user:bob')).toEqual(expect.arrayContaining(['user.groups']));
  });

  it('a change holds from the next request on, for what the groups may do', async () => {
    await using hub = await open({
      signIn,
      roles: [{ name: 'lister', scopes: ['list:users'], groups: ['staff'] }],
    });
    await hub.come('bob', { groups: [] });
    const bob = await hub.user('bob');
    const listed = async () => (await bob.api('GET', '/users?name_filter=ada')).text.includes('ada');
    expect(await listed()).toBe(false);
    await hub.come('bob', { groups: ['staff'] });
    expect(await listed()).toBe(true);
    await hub.come('bob', { groups: [] });
    expect(await listed()).toBe(false);
  });

  it('an identity without them is refused, and nobody is made (P135)', async () => {
    await using hub = await open({ signIn });
    expect(await hub.come('bob', {})).toBe(500);
    expect(errorsIn(hub.hub.log).join()).toContain(
      'Authenticator steered cannot be followed: it specifies no groups',
    );
    expect(await hub.hub.hub.users.get('bob')).toBeNull();
  });

  it.each([
    ['a text', 'staff'],
    ['numbers', [7]],
    ['an empty name', ['']],
    ['a name with NUL', ['a\0b']],
  ])('groups that are %s are refused, with a line in the log', async (_, groups) => {
    await using hub = await open({ signIn });
    expect(await hub.come('bob', { groups: groups as never })).toBe(500);
    expect(hub.hub.log).toContainEqual(
      expect.objectContaining({
        level: 'error',
        message: 'groups of an identity are no list of names, refused',
      }),
    );
    expect(await hub.hub.hub.users.get('bob')).toBeNull();
  });

  it('for one authenticator leaves the groups of others alone', async () => {
    const other = provider();
    const told = provider();
    await using hub = await open({
      told,
      plugins: [steeredAuthenticator(told), steeredAuthenticator(other, {}, 'other')],
      signIn: { manageGroups: ['other'] },
    });
    expect(await hub.come('bob', { groups: ['staff'] })).toBe(302);
    expect(await hub.model('bob')).toMatchObject({ groups: [] });
    other.identities.set('kim', { groups: ['staff'] });
    await enter(hub.hub.url, 'kim', 'other');
    expect(await hub.model('kim')).toMatchObject({ groups: ['staff'] });
  });

  it('the REST API still changes them, until the next sign-in (P136, R106)', async () => {
    await using hub = await open({ signIn });
    await hub.come('bob', { groups: ['staff'] });
    expect((await hub.ada.api('POST', '/groups/extra', { users: ['bob'] })).status).toBe(201);
    expect(await hub.model('bob')).toMatchObject({ groups: ['extra', 'staff'] });
    await hub.come('bob', { groups: ['staff'] });
    expect(await hub.model('bob')).toMatchObject({ groups: ['staff'] });
  });

  it('members in the configuration are a mistake; groups without are none (P136)', async () => {
    expect(await problemsOf({ signIn, groups: { staff: { users: ['bob'] } } })).toContain(
      'groups: staff may not name users while `signIn.manageGroups`',
    );
    expect(await problemsOf({ signIn, groups: { staff: { properties: { a: 1 } } } })).toBe('');
    expect(await problemsOf({ signIn: { manageGroups: ['pam'] } })).toContain(
      "signIn.manageGroups: there is no authenticator 'pam'",
    );
  });

  it('fifty people with the same groups at once', async () => {
    await using hub = await open({ signIn });
    const names = Array.from({ length: 50 }, (_, nr) => `student-${nr}`);
    const results = await Promise.all(
      names.map((name, nr) => hub.come(name, { groups: nr % 2 ? ['a', 'b', 'c'] : ['c', 'b', 'a'] })),
    );
    expect(new Set(results)).toEqual(new Set([302]));
    expect((await hub.group('a')).users).toHaveLength(50);
  });
});

describe('with manageRoles', () => {
  const signIn = { manageRoles: true };
  const grader = { name: 'grader', description: 'Grades', scopes: ['list:users'] };

  it('roles are made, changed and granted, exactly those named besides `user` (P137, ours)', async () => {
    await using hub = await open({ signIn });
    expect(await hub.come('bob', { roles: [grader] })).toBe(302);
    expect(await hub.rolesOf('bob')).toEqual(['grader', 'user']);
    expect(await hub.stored()).toEqual([grader]);
    await hub.come('kim', { roles: [{ name: 'grader', scopes: ['list:groups'] }, { name: 'reader' }] });
    expect(await hub.stored()).toEqual([
      { ...grader, scopes: ['list:groups'] },
      { name: 'reader', description: '', scopes: [] },
    ]);
    for (const roles of [undefined, null]) {
      await hub.come('kim', { roles });
      expect(await hub.rolesOf('kim')).toEqual(['grader', 'reader', 'user']);
    }
    await hub.come('kim', { roles: [] });
    expect(await hub.rolesOf('kim')).toEqual(['user']);
    // The last member of `reader` is gone, and the role with it; `grader` has Bob.
    expect((await hub.stored()).map(({ name }) => name)).toEqual(['grader']);
    expect(await hub.trail('user:kim')).toContain('user.roles');
  });

  it('changed scopes hold from the next request on', async () => {
    await using hub = await open({ signIn });
    await hub.come('bob', { roles: [grader] });
    const bob = await hub.user('bob');
    const listed = async () => (await bob.api('GET', '/users?name_filter=ada')).text.includes('ada');
    expect(await listed()).toBe(true);
    await hub.come('kim', { roles: [{ name: 'grader', scopes: [] }] });
    expect(await listed()).toBe(false);
    await hub.come('kim', { roles: [grader] });
    expect(await listed()).toBe(true);
    await hub.come('bob', { roles: [] });
    expect(await listed()).toBe(false);
  });

  it('listed members are replaced, unknown ones are a warning (P137)', async () => {
    await using hub = await open({ signIn, groups: { staff: {} } });
    for (const name of ['ann', 'joe']) await hub.user(name);
    await hub.come('bob', { roles: [{ ...grader, users: ['ann', 'nobody'], groups: ['staff'] }] });
    expect(await hub.rolesOf('ann')).toEqual(['grader', 'user']);
    expect(await hub.rolesOf('bob')).toEqual(['grader', 'user']);
    expect(await hub.group('staff')).toMatchObject({ roles: ['grader'] });
    expect(hub.hub.log).toContainEqual(
      expect.objectContaining({
        message: 'a managed role names unknown holders',
        fields: expect.objectContaining({ role: 'grader', users: ['nobody'] }),
      }),
    );
    await hub.come('bob', { roles: [{ ...grader, users: ['joe'] }] });
    expect(await hub.rolesOf('ann')).toEqual(['user']);
    expect(await hub.rolesOf('joe')).toEqual(['grader', 'user']);
    expect(await hub.group('staff')).toMatchObject({ roles: ['grader'] });
  });

  it.each([
    ['an unknown scope', [{ name: 'grader', scopes: ['fly'] }]],
    ['a bad name', [{ name: 'Grader!' }]],
    ['no list', { name: 'grader' }],
    ['no texts', [{ name: 'grader', scopes: [1] }]],
    ['another `admin`', [{ name: 'admin', scopes: [] }]],
    ['the same twice', [grader, grader]],
  ])('%s is refused with 409, and nothing is written (P137)', async (_, roles) => {
    await using hub = await open({ signIn });
    expect(await hub.come('bob', { roles: [grader] as never, userInfo: { nr: 1 } })).toBe(302);
    expect(await hub.come('bob', { roles: roles as never, userInfo: { nr: 2 } })).toBe(409);
    expect(await hub.model('bob')).toMatchObject({ roles: ['grader', 'user'], user_info: { nr: 1 } });
    expect(await hub.come('kim', { roles: roles as never })).toBe(409);
    expect(await hub.hub.hub.users.get('kim')).toBeNull();
  });

  it('`admin` makes an administrator, who is none without; one by configuration stays', async () => {
    await using hub = await open({ signIn, access: { admins: ['root'] } });
    await hub.come('bob', { roles: [{ name: 'admin' }] });
    expect(await hub.model('bob')).toMatchObject({ admin: true, roles: ['admin', 'user'] });
    await hub.come('bob', { roles: [] });
    expect(await hub.model('bob')).toMatchObject({ admin: false, roles: ['user'] });
    await hub.come('root', { roles: [{ name: 'admin' }] });
    await hub.come('root', { roles: [] });
    expect(await hub.model('root')).toMatchObject({ admin: true, roles: ['admin', 'user'] });
  });

  it('a role of the configuration is granted and keeps its definition', async () => {
    await using hub = await open({ signIn, roles: [{ name: 'grader', scopes: ['list:groups'] }] });
    await hub.come('bob', { roles: [grader] });
    expect(await hub.rolesOf('bob')).toEqual(['grader', 'user']);
    expect(await hub.stored()).toEqual([]);
    await hub.come('bob', { roles: [] });
    const [row] = await hub.sql`SELECT scopes FROM roles WHERE name = 'grader'`;
    expect(row?.scopes).toEqual(['list:groups']);
  });

  it('roles stay over a restart (P137)', async () => {
    await using hub = await open({ signIn, roles: [{ name: 'lister', scopes: ['list:users'] }] });
    await hub.come('bob', { roles: [grader, { name: 'lister' }] });
    await hub.hub.hub.stop();
    await using again = await open({
      signIn,
      roles: [{ name: 'lister', scopes: ['list:users'] }],
      database: hub.hub.database,
    });
    expect(await again.rolesOf('bob')).toEqual(['grader', 'lister', 'user']);
  });

  it('roles of the configuration may name services, and no users or groups (P138)', async () => {
    const roles = (holders: object) => [{ name: 'grader', scopes: ['list:users'], ...holders }];
    for (const holders of [{ users: ['bob'] }, { groups: ['staff'] }]) {
      expect(await problemsOf({ signIn, roles: roles(holders) })).toContain(
        'roles: grader may not name users or groups',
      );
    }
    expect(await problemsOf({ signIn, roles: roles({ services: ['s'] }), services: [{ name: 's' }] })).toBe(
      '',
    );
  });

  it('fifty people with the same new roles at once', async () => {
    await using hub = await open({ signIn });
    const names = Array.from({ length: 50 }, (_, nr) => `student-${nr}`);
    const come = (roles: readonly string[]) =>
      Promise.all(names.map((name) => hub.come(name, { roles: roles.map((role) => ({ name: role })) })));
    expect(new Set(await come(['one-role', 'two-role']))).toEqual(new Set([302]));
    expect(new Set(await come(['two-role', 'three-role']))).toEqual(new Set([302]));
    expect((await hub.stored()).map(({ name }) => name)).toEqual(['three-role', 'two-role']);
    expect(await hub.rolesOf('student-49')).toEqual(['three-role', 'two-role', 'user']);
  });
});

describe('loadManagedRoles', () => {
  const signIn = { manageRoles: true };
  const grader = { name: 'grader', description: 'Grades', scopes: ['list:users'] };

  it('makes roles and holders at the start; a reset takes what is not named (P139)', async () => {
    const told = provider();
    told.managedRoles = [
      { ...grader, users: ['bob'], groups: ['staff'] },
      { name: 'reader', scopes: ['list:groups'] },
    ];
    const groups = { staff: {} };
    await using first = await open({ told, signIn, groups });
    expect((await first.stored()).map(({ name }) => name)).toEqual(['grader', 'reader']);
    expect(await first.group('staff')).toMatchObject({ roles: ['grader'] });
    await first.come('bob', { roles: [grader] });
    await first.hub.hub.stop();

    told.managedRoles = [grader];
    await using second = await open({ told, signIn, groups, database: first.hub.database });
    expect((await second.stored()).map(({ name }) => name)).toEqual(['grader', 'reader']);
    expect(await second.group('staff')).toMatchObject({ roles: ['grader'] });
    await second.hub.hub.stop();

    await using third = await open({
      told,
      signIn: { ...signIn, resetManagedRoles: true },
      groups,
      database: first.hub.database,
    });
    expect((await third.stored()).map(({ name }) => name)).toEqual(['grader']);
    expect(await third.group('staff')).toMatchObject({ roles: [] });
    expect(await third.rolesOf('bob')).toEqual(['grader', 'user']);
  });

  it('is not asked without manageRoles, and its failure keeps nobody from starting', async () => {
    let asked = 0;
    const more: Partial<Authenticator> = {
      async loadManagedRoles() {
        asked++;
        throw new Error('the provider is down');
      },
    };
    await using without = await open({ more });
    expect(asked).toBe(0);
    await using hub = await open({ more, signIn: { ...signIn, resetManagedRoles: true } });
    expect(asked).toBe(1);
    expect(without.hub.log.filter(({ level }) => level === 'error')).toEqual([]);
    expect(hub.hub.log).toContainEqual(
      expect.objectContaining({ message: 'managed roles could not be loaded, they stay as they are' }),
    );
  });

  it('that names roles which cannot be, or is missing for a reset, is an error at the start (P139)', async () => {
    const told = provider();
    told.managedRoles = [{ name: 'grader', scopes: ['fly'] }];
    const plugins = [steeredAuthenticator(told)];
    expect(await problemsOf({ signIn, plugins })).toContain('authenticator steered: ');
    expect(await problemsOf({ signIn: { resetManagedRoles: true } })).toContain('needs `signIn.manageRoles`');
    expect(await problemsOf({ signIn: { ...signIn, resetManagedRoles: true }, plugins: [] })).toContain(
      'does not tell which roles there are',
    );
  });
});
