import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdsScope } from './decision.ts';
import {
  accessScope,
  identifyScopes,
  mayUseClient,
  serviceScopes,
  type TokenFacts,
  tokenScopes,
  userScopes,
  usersNeededForToken,
  whoamiScopes,
} from './effective-scopes.ts';
import type { Client } from './expansion.ts';
import { membership } from './intersection.ts';
import type { ServiceGrants, UserGrants } from './ports.ts';
import { ScopeSet } from './scope-set.ts';
import { builtInScopeTable as table } from './scope-table.ts';
import { parseScope } from './scope-text.ts';

const hub: Client = { kind: 'hub' };
const identify = ['read:users:groups!user=alice', 'read:users:name!user=alice'];

describe('scopes of a user (R142)', () => {
  it('come from roles and shares, their own and those of their groups', () => {
    const carol = user('carol', ['read:hub'], {
      groups: ['g'],
      groupRoles: [{ name: 'more', scopes: ['list:users!group=g'] }],
      shares: [
        { server: { owner: 'alice', name: '' }, scopes: ['access:servers!server=alice/'] },
        { server: { owner: 'bob', name: 'lab' }, scopes: ['servers!server=bob/lab'] },
      ],
    });
    expect(userScopes(table, carol).toStrings()).toEqual([
      'access:servers!server=alice/',
      'delete:servers!server=bob/lab',
      'list:users!group=g',
      'read:hub',
      'read:servers!server=bob/lab',
      'read:users:name!group=g',
      'servers!server=bob/lab',
      'start:servers!server=bob/lab',
    ]);
  });

  it('the flag alone permits nothing (R13)', () => {
    expect(userScopes(table, { ...user('root', []), admin: true }).isEmpty).toBe(true);
  });

  it('a share reaches only its server, whatever was stored (R147)', () => {
    const scopes = [
      'access:servers!server=old/',
      'servers',
      'tokens!user=alice',
      'self',
      'broken!',
      'inherit',
    ];
    const carol = user('carol', [], { shares: [{ server: { owner: 'new', name: '' }, scopes }] });
    for (const scope of userScopes(table, carol).toStrings()) expect(scope).toMatch(/!server=new\/$/);
    const plain = tokenScopes(table, { scopes: ['inherit'], client: hub }, carol);
    expect(plain.holds('read:users')).toBe(false);
  });
});

describe('scopes of a service (R143)', () => {
  it('are those of its roles, without self', () => {
    expect(serviceScopes(table, service('web', [])).isEmpty).toBe(true);
    expect(
      serviceScopes(table, service('web', ['self', 'read:hub', 'read:services!service'])).toStrings(),
    ).toEqual(['read:hub', 'read:services!service=web', 'read:services:name!service=web']);
  });
});

describe('scopes of a token (R144)', () => {
  const alice = user('alice', ['self'], { groups: ['g'] });
  const of = (scopes: string[], client: Client = hub, owner: UserGrants = alice): readonly string[] =>
    tokenScopes(table, { scopes, client }, owner).toStrings();

  it('inherit is exactly the owner, whatever else it stores (R137)', () => {
    expect(of(['inherit', 'read:hub'])).toEqual(userScopes(table, alice).toStrings());
  });

  it('an empty token still tells who its owner is (R46, R96)', () => {
    expect(of([])).toEqual(identify);
  });

  it('is never more than the owner', () => {
    expect(of(['read:hub', 'access:servers', 'users'])).toEqual([
      'access:servers!user=alice',
      'read:users!user=alice',
      'read:users:activity!user=alice',
      ...identify,
      'users:activity!user=alice',
    ]);
    expect(of(['inherit'], hub, user('alice', []))).toEqual([]);
  });

  it('a server token holds what its server needs (R162)', () => {
    expect(of(['users:activity!user', 'access:servers!server=alice/'])).toEqual([
      'access:servers!server=alice/',
      'read:users:activity!user=alice',
      ...identify,
      'users:activity!user=alice',
    ]);
  });

  it('an OAuth token may use its client, as long as the owner may (R144, R146)', () => {
    const client: Client = { kind: 'server', user: 'alice', server: '' };
    expect(of([], client)).toEqual(['access:servers!server=alice/', ...identify]);
    expect(of([], { kind: 'server', user: 'bob', server: '' })).toEqual(identify);
    const reader = user('alice', ['self', 'access:services!service=wiki']);
    expect(of([], { kind: 'service', service: 'wiki' }, reader)).toContain('access:services!service=wiki');
    expect(of([], { kind: 'service', service: 'web' }, reader)).not.toContain('access:services!service=web');
  });

  it('includes what is shared with a group of the owner (R145 fixed)', () => {
    const shares = [{ server: { owner: 'bob', name: '' }, scopes: ['access:servers!server=bob/'] }];
    const carol = user('carol', ['self'], { shares });
    expect(of(['inherit'], hub, carol)).toContain('access:servers!server=bob/');
    expect(of([], { kind: 'server', user: 'bob', server: '' }, carol)).toContain(
      'access:servers!server=bob/',
    );
  });

  it('of a service tells who it is only if the service may (R144)', () => {
    const web = service('web', ['read:services']);
    expect(tokenScopes(table, { scopes: [], client: hub }, web).toStrings()).toEqual([
      'read:services:name!service=web',
    ]);
    expect(tokenScopes(table, { scopes: ['inherit'], client: hub }, service('web', [])).isEmpty).toBe(true);
  });

  it('knows the groups of its owner and asks for those of others (R141)', () => {
    const lead = user('lead', ['read:users!group=g'], { groups: ['g'] });
    const token: TokenFacts = { scopes: ['read:users:name!user=bob', 'read:users:name!user'], client: hub };
    expect([...usersNeededForToken(table, token, lead)]).toEqual(['bob']);
    expect(tokenScopes(table, token, lead).toStrings()).toEqual([
      'read:users:groups!user=lead',
      'read:users:name!user=lead',
    ]);
    const others = membership([['bob', ['g']]]);
    expect(tokenScopes(table, token, lead, others).toStrings()).toContain('read:users:name!user=bob');
    expect(usersNeededForToken(table, { ...token, scopes: ['inherit'] }, lead).size).toBe(0);
  });

  it('never exceeds its owner, for anything stored', () => {
    const pieces = fc.constantFrom(
      ...[
        '',
        '!user',
        '!server',
        '!service',
        '!user=alice',
        '!user=bob',
        '!group=g',
        '!server=alice/x',
        '!server=bob/',
      ],
    );
    const raw = fc.tuple(fc.constantFrom(...table.names), pieces).map(([name, filter]) => name + filter);
    const clients = fc.constantFrom<Client>(
      hub,
      { kind: 'server', user: 'bob', server: '' },
      { kind: 'service', service: 'wiki' },
    );
    const others = membership([['bob', ['g']]]);
    const everybody = membership([
      ['bob', ['g']],
      ['alice', ['g']],
    ]);
    fc.assert(
      fc.property(
        fc.array(raw, { maxLength: 6 }),
        fc.array(raw, { maxLength: 6 }),
        clients,
        (held, scopes, client) => {
          const owner = user('alice', held, { groups: ['g'] });
          const may = userScopes(table, owner);
          const token = tokenScopes(table, { scopes, client }, owner, others);
          for (const text of token.toStrings()) {
            const parsed = parseScope(text);
            expect(parsed.ok && holdsScope(may, parsed.scope, everybody), text).toBe(true);
          }
        },
      ),
    );
  });
});

describe('who am I (R45)', () => {
  it('is answered to everybody who is somebody', () => {
    expect(whoamiScopes(ScopeSet.empty, { kind: 'user', name: 'alice' }).toStrings()).toEqual(identify);
    expect(identifyScopes({ kind: 'service', name: 'web' }).toStrings()).toEqual([
      'read:services:name!service=web',
    ]);
  });
});

describe('what an OAuth client stands for (R146)', () => {
  const lab: Client = { kind: 'server', user: 'alice', server: 'lab' };
  const wiki: Client = { kind: 'service', service: 'wiki' };

  it('has an access scope, the hub has none', () => {
    expect(accessScope(lab)).toBe('access:servers!server=alice/lab');
    expect(accessScope({ ...lab, server: '' })).toBe('access:servers!server=alice/');
    expect(accessScope(wiki)).toBe('access:services!service=wiki');
    expect(accessScope(hub)).toBeNull();
  });

  it.each<[string, Client, boolean]>([
    ['access:servers!user=alice', lab, true],
    ['access:servers!server=alice/', lab, false],
    ['access:servers!group=g', lab, true],
    ['access:servers!group=h', lab, false],
    ['access:services', wiki, true],
    ['access:services!service=web', wiki, false],
    ['access:services!group=g', wiki, false],
  ])('%s lets use %j: %s (R164, W71)', (scope, client, answer) => {
    expect(mayUseClient(ScopeSet.from([scope]), client, new Set(['g']))).toBe(answer);
  });
});

function user(name: string, scopes: readonly string[], more: Partial<UserGrants> = {}): UserGrants {
  const roles = [{ name: 'role', scopes }];
  return {
    kind: 'user',
    id: name,
    name,
    admin: false,
    groups: [],
    roles,
    groupRoles: [],
    shares: [],
    ...more,
  };
}

function service(name: string, scopes: readonly string[]): ServiceGrants {
  return { kind: 'service', id: name, name, admin: false, roles: [{ name: 'role', scopes }] };
}
