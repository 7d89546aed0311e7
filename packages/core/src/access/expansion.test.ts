import { describe, expect, it } from 'vitest';
import { type ExpansionContext, expandScopes } from './expansion.ts';
import { defaultRoles } from './roles.ts';
import { ScopeSet } from './scope-set.ts';
import { builtInScopeTable as table } from './scope-table.ts';

const alice = { kind: 'user', name: 'alice' } as const;
const web = { kind: 'service', name: 'web' } as const;
const expanded = (raw: readonly string[], context?: ExpansionContext): string =>
  expandScopes(table, raw, context).toStrings().join(' ');

describe('expansion', () => {
  it('self is 15 scopes of its owner (R136)', () => {
    const self =
      'access:servers delete:servers read:servers read:shares read:tokens read:users read:users:activity read:users:groups read:users:name read:users:shares servers start:servers tokens users:activity users:shares';
    const names = self.split(' ');
    expect(names).toHaveLength(15);
    expect(expandScopes(table, ['self'], { owner: alice }).toStrings()).toEqual(
      names.map((name) => `${name}!user=alice`),
    );
  });

  it('the role admin is all 45 permissions (R148, section 6.1)', () => {
    const all = table.names.filter((name) => !['(no_scope)', 'self', 'inherit'].includes(name)).sort();
    expect(all).toHaveLength(45);
    expect(expandScopes(table, defaultRoles.admin.scopes, { owner: alice }).toStrings()).toEqual(all);
  });

  it('contained scopes carry the same filter (R133)', () => {
    expect(expanded(['read:users!group=g'])).toBe(
      'read:users!group=g read:users:activity!group=g read:users:groups!group=g read:users:name!group=g',
    );
  });

  it('reading users is left out under a server filter (R133)', () => {
    const four =
      'delete:servers!server=a/b read:servers!server=a/b servers!server=a/b start:servers!server=a/b';
    expect(expanded(['servers!server=a/b'])).toBe(four);
    expect(expanded(['servers!server'], { client: { kind: 'server', user: 'a', server: 'b' } })).toBe(four);
    expect(expanded(['read:users!server=a/b'])).toBe('');
    expect(expanded(['servers!service=s'])).toContain('read:users:name!service=s');
  });

  it.each<[string, ExpansionContext, string]>([
    ['tokens!user', { owner: alice }, 'read:tokens!user=alice tokens!user=alice'],
    ['tokens!user', { owner: web }, ''],
    ['tokens!user', {}, ''],
    ['access:services!service', { owner: web }, 'access:services!service=web'],
    [
      'access:services!service',
      { owner: alice, client: { kind: 'service', service: 'x' } },
      'access:services!service=x',
    ],
    [
      'access:services!service',
      { owner: web, client: { kind: 'service', service: 'x' } },
      'access:services!service=web',
    ],
    ['access:services!service', { owner: alice, client: { kind: 'hub' } }, ''],
    [
      'access:servers!server',
      { owner: alice, client: { kind: 'server', user: 'alice', server: '' } },
      'access:servers!server=alice/',
    ],
    ['access:servers!server', { owner: alice, client: { kind: 'hub' } }, ''],
    ['access:servers!server', { owner: alice, client: { kind: 'service', service: 'x' } }, ''],
  ])('%s for %j is [%s] (R134)', (raw, context, result) => {
    expect(expanded([raw], context)).toBe(result);
  });

  it('an unfiltered scope absorbs filtered ones, nothing else is merged (R135)', () => {
    expect(expanded(['access:servers!user=a', 'access:servers', 'access:servers!group=g'])).toBe(
      'access:servers',
    );
    expect(expanded(['access:servers!user=a', 'access:servers!server=a/x'])).toBe(
      'access:servers!server=a/x access:servers!user=a',
    );
  });

  it('self means nothing for a service, inherit and (no_scope) open nothing (R136, R137)', () => {
    expect(expanded(['self'], { owner: web })).toBe('');
    expect(expanded(['inherit', '(no_scope)'], { owner: alice })).toBe('(no_scope) inherit');
  });

  it('stored scopes that mean nothing are dropped and told (R134)', () => {
    const told: string[] = [];
    const raw = ['custom:gone', 'users!', 'users!server', 'self', '__proto__', 'read:hub'];
    const onDropped = (scope: string, because: string): void => void told.push(`${scope} ${because}`);
    expect(expanded(raw, { owner: web, onDropped })).toBe('read:hub');
    expect(told).toEqual([
      'custom:gone unknown',
      'users! malformed',
      'users!server unresolved',
      'self unresolved',
      '__proto__ unknown',
    ]);
  });
});

describe('a scope set', () => {
  it('is spelled as it was read (R47)', () => {
    const texts = ['access:servers!server=alice/', 'access:servers!user=a=b', 'read:hub', 'users!group=g!h'];
    expect(ScopeSet.from(texts).toStrings()).toEqual(texts);
  });

  it('refuses what is not expanded', () => {
    expect(() => ScopeSet.from(['servers!user'])).toThrow(RangeError);
    expect(() => ScopeSet.from(['servers!'])).toThrow(RangeError);
  });

  it('joins, compares and subtracts', () => {
    const a = ScopeSet.from(['users!user=a', 'read:hub']);
    const b = ScopeSet.from(['users', 'tokens!user=a']);
    expect(a.union(b).toStrings()).toEqual(['read:hub', 'tokens!user=a', 'users']);
    expect(a.union(b).equals(b.union(a))).toBe(true);
    expect(a.equals(b)).toBe(false);
    expect(a.without(b).toStrings()).toEqual(['read:hub']);
    expect(b.without(a).toStrings()).toEqual(['tokens!user=a', 'users']);
    expect(a.union(ScopeSet.empty)).toBe(a);
    expect(ScopeSet.from([]).isEmpty).toBe(true);
  });
});

describe('speed', () => {
  it('expands self and admin in microseconds and a thousand scopes in milliseconds', () => {
    const thousand = Array.from({ length: 1000 }, (_, index) => `admin:users!user=u${index}`);
    expect(average(2000, () => expandScopes(table, ['self'], { owner: alice }))).toBeLessThan(0.1);
    expect(average(2000, () => expandScopes(table, defaultRoles.admin.scopes))).toBeLessThan(0.2);
    expect(average(20, () => expandScopes(table, thousand))).toBeLessThan(50);
  });
});

/** Milliseconds of one run; the limits leave a slow machine about twenty times what was measured. */
function average(runs: number, run: () => void): number {
  for (let i = 0; i < runs / 4; i++) run();
  const start = performance.now();
  for (let i = 0; i < runs; i++) run();
  return (performance.now() - start) / runs;
}
