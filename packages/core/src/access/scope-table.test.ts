import { describe, expect, it } from 'vitest';
import { builtInScopes } from './built-in-scopes.ts';
import { checkCustomScopes } from './custom-scopes.ts';
import { expandScopes } from './expansion.ts';
import { describeScopes } from './scope-descriptions.ts';
import { builtInScopeTable, scopeTableWith } from './scope-table.ts';

describe('the built-in scopes (section 6.1)', () => {
  it('are 48, each with a sentence, containing only each other', () => {
    const all = Object.entries(builtInScopes);
    expect(all).toHaveLength(48);
    for (const [, { description, subscopes }] of all) {
      expect(description).toMatch(/^[A-Z].+\.$/);
      for (const inner of subscopes) expect(builtInScopeTable.has(inner), inner).toBe(true);
    }
  });

  it.each([
    ['admin:users', 'admin:auth_state users read:roles:users delete:users'],
    ['users', 'read:users list:users users:activity'],
    ['list:users', 'read:users:name'],
    ['read:users', 'read:users:name read:users:groups read:users:activity'],
    ['read:roles', 'read:roles:users read:roles:services read:roles:groups'],
    ['users:activity', 'read:users:activity'],
    ['admin:servers', 'admin:server_state servers'],
    ['servers', 'read:servers start:servers delete:servers'],
    ['read:servers', 'read:users:name'],
    ['start:servers', ''],
    ['tokens', 'read:tokens'],
    ['admin:groups', 'groups read:roles:groups delete:groups'],
    ['groups', 'read:groups list:groups'],
    ['list:groups', 'read:groups:name'],
    ['read:groups', 'read:groups:name'],
    ['admin:services', 'list:services read:services read:roles:services'],
    ['list:services', 'read:services:name'],
    ['read:services', 'read:services:name'],
    ['shares', 'access:servers read:shares users:shares groups:shares'],
    ['users:shares', 'read:users:shares'],
    ['groups:shares', 'read:groups:shares'],
    ['access:servers', ''],
  ])('%s directly contains [%s]', (name, inner) => {
    expect(builtInScopeTable.get(name)?.subscopes.join(' ')).toBe(inner);
  });

  it('names of object methods are no scopes', () => {
    for (const name of ['constructor', '__proto__', 'toString']) {
      expect(builtInScopeTable.has(name)).toBe(false);
      expect(builtInScopeTable.closure(name)).toEqual([]);
    }
  });
});

describe('custom scopes', () => {
  const custom = {
    'custom:app:all': { description: 'Everything in the app', subscopes: ['custom:app:read'] },
    'custom:app:read': { description: 'Read in the app' },
  };

  it('behave like built-in ones (R161)', () => {
    const made = scopeTableWith(custom);
    if (!made.ok) throw new Error(made.problems.join());
    expect(expandScopes(made.table, ['custom:app:all!user=alice']).toStrings()).toEqual([
      'custom:app:all!user=alice',
      'custom:app:read!user=alice',
    ]);
    expect(made.table.names).toHaveLength(50);
    expect(builtInScopeTable.has('custom:app:all')).toBe(false);
  });

  it('may contain each other', () => {
    const made = scopeTableWith({
      'custom:one': { description: 'One', subscopes: ['custom:two'] },
      'custom:two': { description: 'Two', subscopes: ['custom:one'] },
    });
    expect(made.ok && made.table.closure('custom:one')).toEqual(['custom:one', 'custom:two']);
  });

  it.each(['custom:abc', 'custom:app:*', 'custom:a__', 'custom:1:2', 'custom:a-b'])(
    '%s is a name (R160)',
    (name) => {
      expect(checkCustomScopes({ [name]: { description: 'x' } }).problems).toEqual([]);
    },
  );

  it.each([
    'custom:ab',
    'app:read',
    'custom:abc-',
    'custom:abc:',
    'custom:Abc',
    'custom:_ab',
    'custom:abc\n',
    'users',
  ])('%j is no name (R160)', (name) => {
    expect(checkCustomScopes({ [name]: { description: 'x' } }).problems).toHaveLength(1);
  });

  it('all mistakes are reported together (R160)', () => {
    const made = scopeTableWith({
      'custom:ab': { description: 'Too short' },
      'custom:mute': { description: '' },
      'custom:greedy': { description: 'Wants more', subscopes: ['users', 'custom:gone'] },
    });
    expect(made.ok ? [] : made.problems).toEqual([
      expect.stringMatching(/^custom:ab: .*three/),
      expect.stringMatching(/^custom:mute: needs a description/),
      expect.stringMatching(/^custom:greedy: "users" is built in/),
      expect.stringMatching(/^custom:greedy: contains "custom:gone"/),
    ]);
  });

  it('wrong types are mistakes, unknown keys a warning (R160)', () => {
    const { problems, warnings } = checkCustomScopes({
      'custom:list': [],
      'custom:text': { description: 'x', subscopes: 'custom:list' },
      'custom:item': { description: 'x', subscopes: [1] },
      'custom:more': { description: 'x', colour: 'red' },
    });
    expect(problems).toHaveLength(3);
    expect(warnings).toEqual(['custom:more: "colour" is not known and was ignored']);
  });
});

describe('the consent page', () => {
  it('says in words what each scope reaches', () => {
    const raw = [
      'read:users!user',
      'servers!user=ada',
      'servers!group=g',
      'servers!server=bob/',
      'read:hub',
      'nope',
    ];
    const lines = describeScopes(builtInScopeTable, raw, { kind: 'user', name: 'ada' });
    expect(lines.map(({ scope, restriction }) => [scope, restriction])).toEqual([
      ['read:users!user', 'only you'],
      ['servers!user=ada', 'only you'],
      ['servers!group=g', 'users in group g'],
      ['servers!server=bob/', 'server bob/'],
      ['read:hub', ''],
    ]);
    expect(lines[4]?.description).toBe(builtInScopes['read:hub'].description);
  });
});
