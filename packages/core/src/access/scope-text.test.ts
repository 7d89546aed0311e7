import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withServerRenamed, withUserRenamed } from './renamed-scope.ts';
import { builtInScopeTable } from './scope-table.ts';
import { checkScopes, formatScope, parseScope, type Scope } from './scope-text.ts';

const named = (kind: string, name: string): unknown => ({ type: 'named', kind, name });

describe('the spelling of a scope', () => {
  it.each([
    ['users', { type: 'all' }],
    ['users!user=ada', named('user', 'ada')],
    ['users!group=g', named('group', 'g')],
    ['users!service=s', named('service', 's')],
    ['users!server=ada/', named('server', 'ada/')],
    ['users!server=ada/lab', named('server', 'ada/lab')],
    ['users!user=a=b!c', named('user', 'a=b!c')],
    ['users!user', { type: 'shorthand', kind: 'user' }],
    ['users!service', { type: 'shorthand', kind: 'service' }],
    ['users!server', { type: 'shorthand', kind: 'server' }],
  ])('%s is understood (R131)', (text, filter) => {
    expect(parseScope(text)).toEqual({ ok: true, scope: { base: 'users', filter } });
  });

  it.each([
    ['', 'names no scope'],
    ['!user=ada', 'names no scope'],
    ['read:users!', 'empty filter'],
    ['read:users!=ada', 'empty filter'],
    ['read:users!user=', 'names no user'],
    ['read:users!server=', 'names no server'],
    ['read:users!group', 'needs the name of a group'],
    ['read:users!group=', 'names no group'],
    ['read:users!role=x', 'unknown filter !role'],
    ['read:users!User=ada', 'unknown filter !User'],
    ['read:users!users', 'unknown filter !users'],
    ['read:users!!user', 'unknown filter !!user'],
    ['read:users!constructor', 'unknown filter'],
  ])('"%s" is refused (R131, R132 fixed)', (text, problem) => {
    const parsed = parseScope(text);
    expect(parsed.ok ? '' : parsed.problem).toContain(problem);
    expect(parsed.ok ? '' : parsed.problem).toContain(`'${text}'`);
  });

  it('what is taken apart is put together again', () => {
    fc.assert(
      fc.property(scopes, (scope) => {
        expect(parseScope(formatScope(scope))).toEqual({ ok: true, scope });
      }),
    );
  });

  it('any text either is a scope spelled exactly so, or has a problem', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', ':', '!', '=', '/', 'user', 'group', 'server') }),
        (text) => {
          const parsed = parseScope(text);
          if (parsed.ok) expect(formatScope(parsed.scope)).toBe(text);
          else expect(parsed.problem).not.toBe('');
        },
      ),
    );
  });
});

describe('whether scopes exist', () => {
  it('finds nothing wrong with those of the table, with any filter', () => {
    const texts = builtInScopeTable.names.flatMap((name) => [name, `${name}!user=x`, `${name}!server`]);
    expect(checkScopes(builtInScopeTable, texts)).toEqual([]);
  });

  it('reports every problem and where it stands (R97, R132)', () => {
    expect(checkScopes(builtInScopeTable, ['bogus', 'users', 'all', 'users!', 'toString'], 'token')).toEqual([
      "Scope 'bogus' for token does not exist",
      "Draft scope 'all' is now called 'inherit'",
      "Scope 'users!' has an empty filter (for token)",
      "Scope 'toString' for token does not exist",
    ]);
  });
});

describe('a stored scope after a rename (R63, R147)', () => {
  it.each([
    ['read:users!user=ada', 'read:users!user=grace'],
    ['servers!server=ada/', 'servers!server=grace/'],
    ['servers!server=ada/lab', 'servers!server=grace/lab'],
    ['servers!server=adam/lab', 'servers!server=adam/lab'],
    ['read:users!user=adam', 'read:users!user=adam'],
    ['read:users!group=ada', 'read:users!group=ada'],
    ['read:users!user', 'read:users!user'],
    ['read:users!user=', 'read:users!user='],
  ])('%s of ada becomes %s', (before, after) => {
    expect(withUserRenamed(before, 'ada', 'grace')).toBe(after);
  });

  it.each([
    ['servers!server=ada/lab', 'servers!server=ada/gpu'],
    ['servers!server=ada/', 'servers!server=ada/'],
    ['servers!server=bob/lab', 'servers!server=bob/lab'],
    ['servers!user=ada', 'servers!user=ada'],
  ])('%s of the server lab becomes %s', (before, after) => {
    expect(withServerRenamed(before, 'ada', 'lab', 'gpu')).toBe(after);
  });
});

const filters = fc.oneof(
  fc.constant({ type: 'all' } as const),
  fc.record({ type: fc.constant('shorthand' as const), kind: fc.constantFrom('user', 'service', 'server') }),
  fc.record({
    type: fc.constant('named' as const),
    kind: fc.constantFrom('user', 'group', 'service', 'server'),
    name: fc.string({ minLength: 1 }),
  }),
);
const scopes: fc.Arbitrary<Scope> = fc.record({
  base: fc.string({ minLength: 1 }).filter((text) => !text.includes('!')),
  filter: filters,
});
