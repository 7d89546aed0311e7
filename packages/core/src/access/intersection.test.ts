import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allows } from './decision.ts';
import { expandScopes } from './expansion.ts';
import type { Target } from './filter.ts';
import {
  intersectScopes,
  type Membership,
  membership,
  noMembership,
  usersNeedingGroups,
} from './intersection.ts';
import { ScopeSet } from './scope-set.ts';
import { builtInScopeTable as table } from './scope-table.ts';

const set = (...texts: readonly string[]): ScopeSet => ScopeSet.from(texts);
const members = membership([['a', ['g']]]);

describe('what two sets have in common', () => {
  it.each<[string[], string[], string[]]>([
    [['read:users'], ['read:users!user=a'], ['read:users!user=a']],
    [['servers!server=a/x', 'servers!server=b/y'], ['servers!user=a'], ['servers!server=a/x']],
    [['read:users!user=a'], ['read:users!group=g'], ['read:users!user=a']],
    [['read:users!user=b'], ['read:users!group=g'], []],
    [['read:users!user=a'], ['read:users!user=b'], []],
    [['read:users!group=g'], ['read:users!group=h'], []],
    [['read:users!group=g'], ['read:users!group=g'], ['read:users!group=g']],
    [['servers!server=a/x'], ['servers!group=g'], ['servers!server=a/x']],
    [['servers!server=ab/x'], ['servers!user=a'], []],
    [['read:users'], ['read:users'], ['read:users']],
    [['read:users'], ['read:hub'], []],
    [
      ['access:services!service=s'],
      ['access:services!service=s', 'access:services!service=t'],
      ['access:services!service=s'],
    ],
  ])('%j and %j have %j (R139, R140)', (left, right, both) => {
    expect(intersectScopes(set(...left), set(...right), members).toStrings()).toEqual(both);
    expect(intersectScopes(set(...right), set(...left), members).toStrings()).toEqual(both);
  });

  it('asks for groups only where they decide (R141)', () => {
    const asked = (left: string[], right: string[]): string[] =>
      [...usersNeedingGroups(set(...left), set(...right))].sort();
    expect(asked(['users!user=a', 'servers!server=b/x'], ['users', 'servers!user=b'])).toEqual([]);
    expect(asked(['users!user=a'], ['tokens!group=g'])).toEqual([]);
    expect(asked(['users!user=a', 'users!user=c'], ['users!group=g', 'users!user=c'])).toEqual(['a']);
    expect(asked(['servers!group=g'], ['servers!server=b/x', 'servers!server=b/y'])).toEqual(['b']);
  });
});

describe('for any two sets and any groups', () => {
  it('the order does not matter, and a set has itself in common with itself', () => {
    fc.assert(
      fc.property(scopeSets, scopeSets, memberships, (a, b, groups) => {
        expect(intersectScopes(a, b, groups).toStrings()).toEqual(intersectScopes(b, a, groups).toStrings());
        const copy = ScopeSet.from(a.toStrings());
        expect(intersectScopes(a, copy, groups).toStrings()).toEqual(a.toStrings());
      }),
    );
  });

  it('nothing is permitted that one side does not permit', () => {
    fc.assert(
      fc.property(scopeSets, scopeSets, memberships, (a, b, groups) => {
        const both = intersectScopes(a, b, groups);
        for (const base of bases) {
          for (const target of targets(groups)) {
            if (!allows(both, base, target)) continue;
            expect(allows(a, base, target), JSON.stringify([base, target])).toBe(true);
            expect(allows(b, base, target), JSON.stringify([base, target])).toBe(true);
          }
        }
      }),
    );
  });

  it('nothing that both permit is lost, unless both name groups', () => {
    fc.assert(
      fc.property(scopeSets, scopeSets, memberships, (a, withGroups, groups) => {
        const b = ScopeSet.from(withGroups.toStrings().filter((text) => !text.includes('!group=')));
        const both = intersectScopes(a, b, groups);
        for (const base of bases) {
          for (const target of targets(groups)) {
            const expected = allows(a, base, target) && allows(b, base, target);
            expect(allows(both, base, target), JSON.stringify([base, target])).toBe(expected);
          }
        }
      }),
    );
  });

  it('who holds more has no less in common', () => {
    fc.assert(
      fc.property(scopeSets, scopeSets, scopeSets, memberships, (a, more, b, groups) => {
        const few = intersectScopes(a, b, groups);
        const many = intersectScopes(a.union(more), b, groups);
        for (const base of bases) {
          for (const target of targets(groups)) {
            if (allows(few, base, target)) expect(allows(many, base, target)).toBe(true);
          }
        }
      }),
    );
  });

  it('only the users named beforehand are asked for (R141)', () => {
    fc.assert(
      fc.property(scopeSets, scopeSets, memberships, (a, b, groups) => {
        const needed = usersNeedingGroups(a, b);
        const known = membership([...needed].map((user) => [user, groups.groupsOf(user)]));
        expect(intersectScopes(a, b, known).toStrings()).toEqual(intersectScopes(a, b, groups).toStrings());
        if (needed.size > 0) return;
        expect(intersectScopes(a, b, noMembership).toStrings()).toEqual(
          intersectScopes(a, b, groups).toStrings(),
        );
      }),
    );
  });
});

describe('for any list of scopes', () => {
  it('reduction loses and adds no permission (R135)', () => {
    fc.assert(
      fc.property(fc.array(scopeTexts, { maxLength: 8 }), memberships, (texts, groups) => {
        const reduced = ScopeSet.from(texts);
        for (const base of bases) {
          for (const target of targets(groups)) {
            const bySome = texts.some((text) => allows(ScopeSet.from([text]), base, target));
            expect(allows(reduced, base, target)).toBe(bySome);
          }
        }
      }),
    );
  });

  it('expanding what is expanded changes nothing (R133)', () => {
    fc.assert(
      fc.property(fc.array(scopeTexts, { maxLength: 8 }), (texts) => {
        const once = expandScopes(table, texts).toStrings();
        expect(expandScopes(table, once).toStrings()).toEqual(once);
      }),
    );
  });

  it('expansion keeps each filter: nothing filtered becomes unfiltered or meant for others', () => {
    fc.assert(
      fc.property(scopeTexts, (text) => {
        const mark = text.indexOf('!');
        const filter = mark < 0 ? '' : text.slice(mark);
        for (const found of expandScopes(table, [text]).toStrings()) {
          expect(found.includes('!') ? found.slice(found.indexOf('!')) : '').toBe(filter);
        }
      }),
    );
  });

  it('a set is what its strings spell', () => {
    fc.assert(
      fc.property(scopeSets, (scopes) => {
        const again = ScopeSet.from(scopes.toStrings());
        expect(again.toStrings()).toEqual(scopes.toStrings());
        expect(again.equals(scopes)).toBe(true);
      }),
    );
  });
});

const bases = ['servers', 'read:users', 'users'] as const;
const users = ['a', 'b', 'c', 'a/b'];
const groupNames = ['g', 'h'];

const filterTexts = fc.oneof(
  { weight: 1, arbitrary: fc.constant('') },
  { weight: 3, arbitrary: fc.constantFrom(...users).map((user) => `!user=${user}`) },
  { weight: 3, arbitrary: fc.constantFrom(...groupNames).map((group) => `!group=${group}`) },
  {
    weight: 3,
    arbitrary: fc.constantFrom('a/', 'a/x', 'b/', 'b/x', 'c/y', 'a').map((server) => `!server=${server}`),
  },
  { weight: 1, arbitrary: fc.constantFrom('s', 't').map((service) => `!service=${service}`) },
);
const scopeTexts = fc.tuple(fc.constantFrom(...bases), filterTexts).map(([base, filter]) => base + filter);
const scopeSets = fc.array(scopeTexts, { maxLength: 8 }).map((texts) => ScopeSet.from(texts));
const memberships: fc.Arbitrary<Membership> = fc
  .tuple(...users.map((user) => fc.tuple(fc.constant(user), fc.subarray(groupNames))))
  .map((facts) => membership(facts));

function targets(members: Membership): readonly Target[] {
  const people = ['a', 'b', 'c'].flatMap((user): Target[] => {
    const groups = members.groupsOf(user);
    const servers = ['', 'x', 'y'].map((server): Target => ({ kind: 'server', user, server, groups }));
    return [{ kind: 'user', user, groups }, ...servers];
  });
  return [
    ...people,
    ...groupNames.map((group): Target => ({ kind: 'group', group })),
    { kind: 'service', service: 's' },
    { kind: 'hub' },
  ];
}
