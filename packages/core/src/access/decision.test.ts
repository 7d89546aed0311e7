import { describe, expect, it } from 'vitest';
import type { ScopeName } from './built-in-scopes.ts';
import { allows, allowsAny, decide, filterFor, holdsScope } from './decision.ts';
import type { Target } from './filter.ts';
import { membership } from './intersection.ts';
import { ScopeSet } from './scope-set.ts';
import { parseScope } from './scope-text.ts';
import {
  seesServer,
  visibleGroupFields,
  visibleServerFields,
  visibleServiceFields,
  visibleUserFields,
} from './visible-fields.ts';

const set = (...texts: readonly string[]): ScopeSet => ScopeSet.from(texts);
const user = (name: string, ...groups: string[]) =>
  ({ kind: 'user', user: name, groups: new Set(groups) }) as const;
const server = (owner: string, name: string, ...groups: string[]) =>
  ({ kind: 'server', user: owner, server: name, groups: new Set(groups) }) as const;
const hub = { kind: 'hub' } as const;

describe('a scope', () => {
  it.each<[string, Target, boolean]>([
    ['servers', user('alice'), true],
    ['servers', hub, true],
    ['servers!user=alice', hub, false],
    ['servers!user=alice', user('alice'), true],
    ['servers!user=alice', user('bob'), false],
    ['servers!user=alice', server('alice', 'lab'), true],
    ['servers!user=alice', server('alicia', 'lab'), false],
    ['servers!group=g', user('alice', 'g'), true],
    ['servers!group=g', user('alice', 'h'), false],
    ['servers!group=g', server('alice', '', 'f', 'g'), true],
    ['servers!group=g', { kind: 'group', group: 'g' }, true],
    ['servers!group=g', { kind: 'group', group: 'h' }, false],
    ['servers!user=g', { kind: 'group', group: 'g' }, false],
    ['servers!server=alice/', server('alice', ''), true],
    ['servers!server=alice/', server('alice', 'lab'), false],
    ['servers!server=alice/', user('alice'), false],
    ['servers!server=alice', user('alice'), false],
    ['servers!service=web', { kind: 'service', service: 'web' }, true],
    ['servers!service=web', { kind: 'service', service: 'wiki' }, false],
    ['servers!service=web', user('web'), false],
    ['read:servers', user('alice'), false],
  ])('%s for %j: %s (R126, R127)', (held, target, answer) => {
    expect(allows(set(held), 'servers', target)).toBe(answer);
  });

  it('does not open all servers of one name (R130 fixed)', () => {
    const held = set('servers!server=lab');
    expect(allows(held, 'servers', server('alice', 'lab'))).toBe(false);
    expect(allows(held, 'servers', server('lab', ''))).toBe(false);
  });

  it('needs to be only one of several', () => {
    expect(allowsAny(set('users!user=a'), ['admin:users', 'users'], user('a'))).toBe(true);
    expect(allowsAny(set('users!user=a'), ['admin:users', 'tokens'], user('a'))).toBe(false);
  });
});

describe('refusal (R128)', () => {
  const ownToken = set('read:users:name!user=alice', 'servers!server=alice/');
  it.each<[string, ScopeName[], Target]>([
    ['allowed', ['read:users', 'read:users:name'], user('alice')],
    ['hidden', ['read:users', 'read:users:name'], user('bob')],
    ['hidden', ['servers'], server('nobody', '')],
    ['forbidden', ['tokens'], user('bob')],
    ['forbidden', [], user('bob')],
    ['forbidden', ['servers'], hub],
  ])('%s for %j on %j', (decision, candidates, target) => {
    expect(decide(ownToken, candidates, target)).toBe(decision);
  });

  it('read:servers of one server: its user is hidden, the server is shown (R126)', () => {
    const held = set('read:servers!server=alice/');
    expect(decide(held, ['read:servers'], user('alice'))).toBe('hidden');
    expect(decide(held, ['read:servers'], server('alice', ''))).toBe('allowed');
  });
});

describe('lists (R129)', () => {
  const ofUsers = ['user', 'group'] as const;

  it('are cut to what is held', () => {
    expect(filterFor(set('list:users'), 'list:users', ofUsers)).toEqual({ kind: 'all' });
    expect(filterFor(set('read:users'), 'list:users', ofUsers)).toEqual({ kind: 'none' });
    const both = filterFor(set('list:users!user=a', 'list:users!group=g'), 'list:users', ofUsers);
    expect(both).toEqual({
      kind: 'some',
      users: new Set(['a']),
      groups: new Set(['g']),
      servers: new Set(),
      services: new Set(),
    });
  });

  it('are refused for a filter they cannot honour, even beside one they can (R107, R129)', () => {
    const held = set('list:groups!group=g', 'list:groups!server=a/', 'list:groups!user=a');
    expect(filterFor(held, 'list:groups', ['group'])).toEqual({
      kind: 'unexpected',
      filters: ['server', 'user'],
    });
  });
});

describe('a scope somebody wants to hand on (R110, R115)', () => {
  const members = membership([['a', ['g']]]);
  it.each<[string, string, boolean]>([
    ['access:servers!group=g', 'access:servers!server=a/x', true],
    ['access:servers!group=g', 'access:servers!server=b/x', false],
    ['access:servers!user=a', 'access:servers!user=a', true],
    ['access:servers!user=a', 'access:servers', false],
    ['access:servers', 'access:servers', true],
    ['access:servers!user=a', 'access:servers!user', false],
    ['access:servers', 'access:servers!user', false],
    ['access:servers!group=g', 'access:servers!group=g', true],
    ['access:servers!service=s', 'access:servers!service=s', true],
    ['access:servers!server=a/', 'access:servers!server=a', false],
    ['access:servers!server=a/x/y', 'access:servers!server=a/x/y', true],
  ])('who holds %s holds %s: %s', (held, wanted, answer) => {
    const parsed = parseScope(wanted);
    expect(parsed.ok && holdsScope(set(held), parsed.scope, members)).toBe(answer);
  });
});

describe('visible fields', () => {
  const allUserFields = 'admin created groups kind last_activity name pending roles server user_info'.split(
    ' ',
  );

  it.each<[string, string[]]>([
    ['read:users', allUserFields],
    ['read:users:name', ['admin', 'kind', 'name', 'user_info']],
    ['read:users:groups', ['groups', 'kind', 'name']],
    ['read:users:activity', ['kind', 'last_activity', 'name']],
    ['read:roles:users', ['admin', 'kind', 'name', 'roles']],
    ['read:servers', ['kind', 'name', 'servers']],
    ['admin:auth_state', ['auth_state', 'kind', 'name']],
    ['list:users', []],
  ])('of a user with %s (section 2.1)', (scope, fields) => {
    expect([...visibleUserFields(set(scope), user('alice'))].sort()).toEqual(fields);
  });

  it('are decided for each user (R38)', () => {
    const held = set('read:users:name!group=g1', 'read:users:activity!user=alice');
    expect(visibleUserFields(held, user('alice', 'g1')).has('last_activity')).toBe(true);
    expect(visibleUserFields(held, user('bob', 'g1')).has('last_activity')).toBe(false);
    expect(visibleUserFields(held, user('bob', 'g1')).has('name')).toBe(true);
    expect(visibleUserFields(held, user('cyd')).size).toBe(0);
  });

  it('servers appear one by one (R39)', () => {
    const held = set('read:users:name', 'read:servers!server=alice/lab');
    expect(visibleUserFields(held, user('alice')).has('servers')).toBe(false);
    expect(seesServer(held, server('alice', 'lab'))).toBe(true);
    expect(seesServer(held, server('alice', ''))).toBe(false);
  });

  it('state of a server needs its own scope (section 2.2)', () => {
    expect(visibleServerFields(set('read:servers'), server('a', '')).has('state')).toBe(false);
    expect(visibleServerFields(set('admin:server_state!user=a'), server('a', '')).has('state')).toBe(true);
    expect(visibleServerFields(set('admin:server_state!user=a'), server('b', '')).has('state')).toBe(false);
    expect(visibleServerFields(set(), server('b', '')).size).toBe(13);
  });

  it.each<[string, string]>([
    ['read:groups!group=g', 'kind name properties users'],
    ['read:groups:name!group=g', 'kind name'],
    ['read:roles:groups!group=g', 'kind name roles'],
    ['read:groups!group=h', ''],
  ])('of a group with %s: [%s] (section 2.3)', (scope, fields) => {
    expect([...visibleGroupFields(set(scope), { kind: 'group', group: 'g' })].sort().join(' ')).toBe(fields);
  });

  it.each<[string, string]>([
    ['read:services', 'admin command display info kind name pid prefix url'],
    ['read:services:name!service=s', 'admin kind name'],
    ['read:roles:services', 'admin kind name roles'],
    ['read:services!service=t', ''],
  ])('of a service with %s: [%s] (section 2.3)', (scope, fields) => {
    expect([...visibleServiceFields(set(scope), { kind: 'service', service: 's' })].sort().join(' ')).toBe(
      fields,
    );
  });
});
