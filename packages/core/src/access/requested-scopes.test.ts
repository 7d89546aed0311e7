import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokenScopes } from './effective-scopes.ts';
import type { Client } from './expansion.ts';
import { type Membership, membership, noMembership } from './intersection.ts';
import type { UserGrants } from './ports.ts';
import {
  clientAllowedScopes,
  consentScopes,
  coveredByEarlierGrants,
  grantableOAuthScopes,
  notHeld,
  type OAuthRequestResult,
  requestedOAuthScopes,
  serverTokenScopes,
  usersNeededForRequest,
} from './requested-scopes.ts';
import { defaultRoles } from './roles.ts';
import { builtInScopeTable as table } from './scope-table.ts';

const hub: Client = { kind: 'hub' };
const wiki: Client = { kind: 'service', service: 'wiki' };
const lab: Client = { kind: 'server', user: 'alice', server: 'lab' };
const alice = user('alice', ['self']);

describe('a new token', () => {
  const excess = (scopes: string[], owner: UserGrants = alice, client: Client = hub): readonly string[] =>
    notHeld(table, scopes, owner, client);

  it.each([['list:users'], ['access:servers'], ['read:hub'], ['servers!user=bob'], ['tokens!group=g']])(
    'with %s is too much for a plain user (R97)',
    (scope) => {
      expect(excess([scope])).toContain(scope);
    },
  );

  it.each([
    ['servers!server=alice/x'],
    ['inherit'],
    ['self'],
    ['tokens!user'],
    ['access:servers!user=alice'],
  ])('with %s is within a plain user (R97)', (scope) => {
    expect(excess([scope])).toEqual([]);
  });

  it('every contained scope counts, and all excess is named (R97)', () => {
    expect(excess(['users!user=alice', 'read:hub'])).toEqual([
      'list:users!user=alice',
      'read:hub',
      'users!user=alice',
    ]);
  });

  it('inherit does not excuse what stands beside it; !server of the hub is nothing (R97)', () => {
    expect(excess(['inherit', 'read:hub'])).toEqual(['read:hub']);
    expect(excess(['access:servers!server'])).toEqual([]);
    expect(excess(['access:servers!server'], alice, lab)).toEqual([]);
    expect(excess(['access:servers!server'], alice, { ...lab, user: 'bob' })).toHaveLength(1);
  });

  it('groups of others are asked for first (R141)', () => {
    const lead = user('lead', ['read:users!group=g']);
    const asked = ['read:users:name!user=bob'];
    expect([...usersNeededForRequest(table, asked, lead, hub)]).toEqual(['bob']);
    expect(notHeld(table, asked, lead, hub)).toEqual(asked);
    expect(notHeld(table, asked, lead, hub, membership([['bob', ['g']]]))).toEqual([]);
  });
});

describe('the token of a server (R162)', () => {
  const stored = (chosen: string[], owner: UserGrants = alice) =>
    serverTokenScopes({ table, user: owner }, chosen, defaultRoles.server.scopes, '');

  it('is by default that of the role server, meant for this server', () => {
    const { granted, withheld } = stored([]);
    expect(granted).toEqual(['access:servers!server=alice/', 'users:activity!user']);
    expect(withheld).toEqual([]);
    expect(tokenScopes(table, { scopes: granted, client: hub }, alice).toStrings()).toEqual([
      'access:servers!server=alice/',
      'read:users:activity!user=alice',
      'read:users:groups!user=alice',
      'read:users:name!user=alice',
      'users:activity!user=alice',
    ]);
  });

  it('always may report activity, and inherit already can', () => {
    expect(stored(['read:users!user']).granted).toEqual(['read:users!user', 'users:activity!user']);
    expect(stored(['inherit']).granted).toEqual(['inherit']);
  });

  it('loses silently what the user does not hold', () => {
    const { granted, withheld } = stored(['read:hub', 'users!user', 'gone:scope', 'servers!server']);
    expect(withheld).toEqual(['gone:scope', 'read:hub', 'users!user']);
    expect(granted).toContain('servers!server=alice/');
    expect(granted).toContain('read:users!user=alice');
    expect(granted).not.toContain('list:users!user=alice');
  });
});

describe('an OAuth client', () => {
  it('may ask for what is configured and for access to itself (R163)', () => {
    expect(clientAllowedScopes(['read:users!user', 'list:users'], wiki)).toEqual([
      'access:services!service=wiki',
      'list:users',
      'read:users!user',
    ]);
    expect(clientAllowedScopes([], lab)).toEqual(['access:servers!server=alice/lab']);
  });

  const allowed = clientAllowedScopes(['read:users!user', 'list:users'], wiki);
  const always = ['access:services!service=wiki', 'read:users:groups!user', 'read:users:name!user'];
  const ask = (asked: readonly string[] | null): OAuthRequestResult =>
    requestedOAuthScopes({ table, user: alice, client: wiki }, asked, allowed, (name) =>
      name === 'readers' ? ['read:users!user'] : name === 'admins' ? ['admin:users'] : undefined,
    );

  it.each<[readonly string[] | null, readonly string[]]>([
    [null, ['list:users', 'read:users!user']],
    [[], []],
    [['identify'], []],
    [['list:users', 'identify'], ['list:users']],
    [['read:users:activity!user'], ['read:users:activity!user']],
    [['list:users!group=g'], ['list:users!group=g']],
    [['readers'], ['read:users!user']],
  ])('asking for %j asks for %j, access and identification (R164, W72)', (asked, requested) => {
    expect(ask(asked)).toEqual({ ok: true, requested: [...always, ...requested].sort() });
  });

  it('may be limited to a group: who is in it is asked for first (R141, W72)', () => {
    const root = user('root', ['read:users']);
    const asked = ['read:users:name!user=bob'];
    const limit = ['read:users!group=g'];
    expect([...usersNeededForRequest(table, asked, root, wiki)]).toEqual([]);
    expect([...usersNeededForRequest(table, asked, root, wiki, limit)]).toEqual(['bob']);
    const check = (others: Membership) =>
      requestedOAuthScopes({ table, user: root, client: wiki, others }, asked, limit, () => undefined).ok;
    expect(check(membership([['bob', ['g']]]))).toBe(true);
    expect(check(noMembership)).toBe(false);
  });

  it.each<[string[], string[]]>([
    [['read:hub'], ['read:hub']],
    [['users'], ['users']],
    [['inherit'], ['inherit']],
    [['admins'], ['admin:users']],
    [['nobody'], ['nobody']],
    [['readers', 'list:users'], ['list:users']],
    [['read:users!'], ['read:users!']],
  ])('asking for %j is refused because of %j (W72)', (asked, refused) => {
    expect(ask(asked)).toEqual({ ok: false, refused });
  });

  const grant = (requested: string[], owner: UserGrants = alice, client: Client = wiki) =>
    grantableOAuthScopes({ table, user: owner, client }, requested);

  it('gets what the user holds, access and identification (R164)', () => {
    expect(grant(['list:users', 'read:users!user', 'read:users'])).toEqual({
      granted: [
        'access:services!service=wiki',
        'read:users!user',
        'read:users!user=alice',
        'read:users:activity!user=alice',
        'read:users:groups!user',
        'read:users:groups!user=alice',
        'read:users:name!user',
        'read:users:name!user=alice',
      ],
      withheld: ['list:users', 'read:users'],
    });
  });

  it('inherit is always granted and then shown alone (W72)', () => {
    const { granted } = grant(['inherit']);
    expect(granted).toContain('inherit');
    expect(consentScopes(granted)).toEqual(['inherit']);
    expect(consentScopes(always)).toEqual(always);
  });

  it('gets what is shared with the user (R142, R164)', () => {
    const shares = [{ server: { owner: 'alice', name: 'lab' }, scopes: ['read:servers!server=alice/lab'] }];
    const bob = { ...user('bob', ['self']), shares };
    expect(grant(['read:servers!server'], bob, lab).granted).toContain('read:servers!server');
    expect(grant(['servers!server'], bob, lab)).toMatchObject({ withheld: ['servers!server'] });
  });

  it('a role cannot borrow the server or service of a client for its user (W74)', () => {
    const odd = user('odd', ['self', 'tokens!server', 'read:services!service']);
    const { granted } = grant(['tokens!server'], odd, lab);
    expect(granted).not.toContain('tokens!server');
    expect(grant(['read:services!service'], odd, wiki).withheld).toEqual(['read:services!service']);
  });

  it('is not confirmed again for what was granted before (R165, W73)', () => {
    const tokens = [{ scopes: ['a', 'b'] }, { scopes: ['c'] }];
    expect(coveredByEarlierGrants(['a', 'c'], tokens)).toBe(true);
    expect(coveredByEarlierGrants(['a', 'd'], tokens)).toBe(false);
    expect(coveredByEarlierGrants([], [])).toBe(false);
  });

  it('never gets more than the user holds, whatever it asks for (W74)', () => {
    const filters = [
      '',
      '!user',
      '!server',
      '!service',
      '!user=alice',
      '!user=bob',
      '!group=g',
      '!server=alice/lab',
    ];
    const raw = fc
      .tuple(fc.constantFrom(...table.names), fc.constantFrom(...filters))
      .map(([name, filter]) => name + filter);
    const others = membership([['bob', ['g']]]);
    fc.assert(
      fc.property(
        fc.array(raw, { maxLength: 5 }),
        fc.array(raw, { maxLength: 5 }),
        fc.constantFrom(wiki, lab, hub),
        (held, asked, client) => {
          const owner = user('alice', [...held, 'self', 'access:services']);
          const { granted } = grantableOAuthScopes({ table, user: owner, client, others }, asked);
          expect(notHeld(table, granted, owner, client, others)).toEqual([]);
        },
      ),
    );
  });
});

function user(name: string, scopes: readonly string[]): UserGrants {
  const roles = [{ name: 'role', scopes }];
  return { kind: 'user', id: name, name, admin: false, groups: [], roles, groupRoles: [], shares: [] };
}
