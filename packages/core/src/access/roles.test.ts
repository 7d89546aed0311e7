import { describe, expect, it } from 'vitest';
import { checkRole, defaultRoles, isRoleName, resolveRoles } from './roles.ts';
import { builtInScopeTable as table } from './scope-table.ts';
import { shareScopes } from './share-scopes.ts';

describe('roles', () => {
  it('the default ones are what every client expects (R148)', () => {
    expect(defaultRoles.user.scopes).toEqual(['self']);
    expect(defaultRoles.server.scopes).toEqual(['users:activity!user', 'access:servers!server']);
    expect(defaultRoles.token.scopes).toEqual(['inherit']);
    expect(defaultRoles.admin.scopes).toHaveLength(16);
  });

  it('the default ones are without fault', () => {
    const { roles, problems, warnings } = resolveRoles(table, []);
    expect(problems).toEqual([]);
    expect(warnings).toEqual([]);
    expect(roles).toEqual(Object.values(defaultRoles));
    for (const role of roles) expect(checkRole(table, role)).toEqual({ problems: [], warnings: [] });
  });

  it.each(['abc', 'a-_~.z', `a${'b'.repeat(253)}c`])('%s is a name (R149)', (name) => {
    expect(isRoleName(name)).toBe(true);
  });

  it.each(['ab', 'Abc', '1bc', 'abc-', 'a c', 'abc\n', `a${'b'.repeat(254)}c`, ''])(
    '%j is no name (R149)',
    (name) => {
      expect(isRoleName(name)).toBe(false);
    },
  );

  it('all mistakes are found at once (R149, R151)', () => {
    const { problems } = resolveRoles(table, [
      { name: 'grader', scopes: ['list:users', 'bogus', 'users!group'] },
      { name: 'grader', scopes: ['read:hub'] },
      { name: 'X', scopes: ['read:hub'] },
      { name: 'admin', scopes: ['self'], description: 'mine' },
    ]);
    expect(problems).toEqual([
      "Scope 'bogus' for role grader does not exist",
      expect.stringContaining("Scope 'users!group' needs the name of a group"),
      'Role grader is defined more than once',
      expect.stringMatching(/^Role name 'X' must be/),
      'Cannot override admin role: its description is fixed',
      'Cannot override admin role: its scopes are fixed',
    ]);
  });

  it('a default role keeps what is not redefined, admin may be named (R151)', () => {
    const { roles, problems } = resolveRoles(table, [
      { name: 'admin' },
      { name: 'server', scopes: ['inherit'] },
      { name: 'token', description: 'Less' },
    ]);
    expect(problems).toEqual([]);
    expect(roles).toEqual([
      defaultRoles.user,
      defaultRoles.admin,
      { ...defaultRoles.server, scopes: ['inherit'] },
      { ...defaultRoles.token, description: 'Less' },
    ]);
  });

  it('a role without scopes and a user without self are worth a warning (R149, R151)', () => {
    const { problems, warnings } = resolveRoles(table, [
      { name: 'empty' },
      { name: 'user', scopes: ['read:hub'] },
    ]);
    expect(problems).toEqual([]);
    expect(warnings).toEqual([
      'Role empty has no scopes',
      expect.stringContaining("does not contain 'self'"),
    ]);
  });

  it('extra scopes go to the default role user and to no other (R155)', () => {
    const extra = ['shares!user', 'self'];
    const userOf = (found: ReturnType<typeof resolveRoles>) =>
      found.roles.find(({ name }) => name === 'user');
    expect(userOf(resolveRoles(table, [], extra))?.scopes).toEqual(['self', 'shares!user']);
    expect(userOf(resolveRoles(table, [{ name: 'user' }], extra))?.scopes).toEqual(['self', 'shares!user']);

    const redefined = resolveRoles(table, [{ name: 'user', scopes: ['self'] }], extra);
    expect(userOf(redefined)?.scopes).toEqual(['self']);
    expect(redefined.warnings).toEqual([expect.stringContaining('ignored')]);
    expect(resolveRoles(table, [], ['nope']).problems).toHaveLength(1);
  });
});

describe('scopes of a share', () => {
  const server = { owner: 'alice', name: '' };
  const granted = (requested: readonly string[] | null) => shareScopes(table, requested, server);

  it('are access to the server unless said otherwise (R114)', () => {
    for (const nothing of [null, []]) {
      expect(granted(nothing)).toEqual({ ok: true, scopes: ['access:servers!server=alice/'] });
    }
  });

  it('get the filter on the server, also where it means nothing (R114, R117 fixed)', () => {
    expect(granted(['servers', 'access:servers!server=alice/', 'access:servers', 'admin:users'])).toEqual({
      ok: true,
      scopes: ['access:servers!server=alice/', 'admin:users!server=alice/', 'servers!server=alice/'],
    });
  });

  it('are refused with any other filter or when they do not exist (R114)', () => {
    expect(
      granted(['servers!user=alice', 'servers!server', 'servers!server=alice/lab', 'bogus', 'users!']),
    ).toEqual({
      ok: false,
      problems: [
        "Scope 'bogus' for share does not exist",
        "Scope 'users!' has an empty filter (for share)",
        '!user=alice not allowed on sharing servers!user=alice, only !server=alice/',
        '!server not allowed on sharing servers!server, only !server=alice/',
        '!server=alice/lab not allowed on sharing servers!server=alice/lab, only !server=alice/',
      ],
    });
  });
});
