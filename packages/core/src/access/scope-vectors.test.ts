import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Client,
  type CustomScopes,
  checkScopes,
  expandScopes,
  grantableOAuthScopes,
  holdsScope,
  intersectScopes,
  membership,
  notHeld,
  type Owner,
  parseScope,
  ScopeSet,
  scopeTableWith,
  type TokenFacts,
  tokenScopes,
  type UserGrants,
  userScopes,
} from './index.ts';

interface Facts {
  readonly membership: Readonly<Record<string, readonly string[]>>;
  readonly custom: CustomScopes;
}

type Vector =
  | {
      readonly table: 'expand';
      readonly raw: readonly string[];
      readonly owner: Owner;
      readonly client: Client | null;
      readonly expanded: readonly string[];
    }
  | {
      readonly table: 'intersect';
      readonly a: readonly string[];
      readonly b: readonly string[];
      readonly both: readonly string[];
    }
  | { readonly table: 'has'; readonly held: readonly string[]; readonly scope: string; readonly has: boolean }
  | { readonly table: 'reduce'; readonly scopes: readonly string[]; readonly reduced: readonly string[] }
  | { readonly table: 'exist'; readonly scope: string; readonly exists: boolean }
  | {
      readonly table: 'effective';
      readonly user: Omit<UserGrants, 'kind' | 'id' | 'admin'>;
      readonly token: TokenFacts;
      readonly userScopes: readonly string[];
      readonly tokenScopes: readonly string[];
      readonly request?: {
        readonly asked: readonly string[];
        readonly grantedExpanded: readonly string[];
        readonly withheld: readonly string[];
      };
      readonly issue: { readonly asked: readonly string[]; readonly excess: boolean };
    };

const [head = '', ...lines] = readFileSync(new URL('testdata/scope-vectors.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');
const facts: Facts = JSON.parse(head);
const vectors: readonly Vector[] = lines.map((line) => JSON.parse(line));

function tableOf<Name extends Vector['table']>(name: Name): readonly Extract<Vector, { table: Name }>[] {
  return vectors.filter((vector): vector is Extract<Vector, { table: Name }> => vector.table === name);
}

const result = scopeTableWith(facts.custom);
if (!result.ok) throw new Error(result.problems.join('\n'));
const { table } = result;
const members = membership(Object.entries(facts.membership));

/** Recorded answers of JupyterHub 6.1.1; differences we want (section 10) have their own tests. */
describe('answers of the original', () => {
  it(`expansion is the same (R131–R136, R161; ${tableOf('expand').length} cases)`, () => {
    for (const { raw, owner, client, expanded } of tableOf('expand')) {
      const ours = expandScopes(table, raw, { owner, client: client ?? undefined }).toStrings();
      expect(ours, JSON.stringify({ raw, owner, client })).toEqual(expanded);
    }
  });

  it(`intersection is the same (R139–R140; ${tableOf('intersect').length} cases)`, () => {
    for (const { a, b, both } of tableOf('intersect')) {
      const ours = intersectScopes(ScopeSet.from(a), ScopeSet.from(b), members).toStrings();
      expect(ours, JSON.stringify({ a, b })).toEqual(both);
    }
  });

  it(`decisions are the same (R126–R127; ${tableOf('has').length} cases)`, () => {
    for (const { held, scope, has } of tableOf('has')) {
      const parsed = parseScope(scope);
      const ours = parsed.ok && holdsScope(ScopeSet.from(held), parsed.scope, members);
      expect(ours, JSON.stringify({ held, scope })).toBe(has);
    }
  });

  it(`reduction is the same (R135; ${tableOf('reduce').length} cases)`, () => {
    for (const { scopes, reduced } of tableOf('reduce')) {
      expect(ScopeSet.from(scopes).toStrings(), scopes.join()).toEqual(reduced);
    }
  });

  it(`the same spellings exist (R132; ${tableOf('exist').length} cases)`, () => {
    for (const { scope, exists } of tableOf('exist')) {
      expect(checkScopes(table, [scope]).length === 0, scope).toBe(exists);
    }
  });

  it(`users and their tokens hold the same (R137, R142–R144; ${tableOf('effective').length} cases)`, () => {
    for (const { user, token, userScopes: ofUser, tokenScopes: ofToken } of tableOf('effective')) {
      const grants = grantsOf(user);
      const question = JSON.stringify({ user, token });
      expect(userScopes(table, grants).toStrings(), question).toEqual(ofUser);
      expect(tokenScopes(table, token, grants, members).toStrings(), question).toEqual(ofToken);
    }
  });

  it('an OAuth request is granted to the same extent (R164, W72)', () => {
    const asked = tableOf('effective').filter((entry) => entry.request !== undefined);
    expect(asked.length).toBeGreaterThan(10);
    for (const { user, token, request } of asked) {
      if (request === undefined) continue;
      const grants = grantsOf(user);
      const { client } = token;
      const ours = grantableOAuthScopes({ table, user: grants, client, others: members }, request.asked);
      const question = JSON.stringify({ user, token, asked: request.asked });
      expect(expandScopes(table, ours.granted, { owner: grants, client }).toStrings(), question).toEqual(
        request.grantedExpanded,
      );
      expect(ours.withheld, question).toEqual(request.withheld);
    }
  });

  it('the same tokens are refused because the owner holds less (R97)', () => {
    for (const { user, token, issue } of tableOf('effective')) {
      const excess = notHeld(table, issue.asked, grantsOf(user), token.client, members);
      expect(excess.length > 0, JSON.stringify({ user, token, issue, excess })).toBe(issue.excess);
    }
  });
});

function grantsOf(user: Omit<UserGrants, 'kind' | 'id' | 'admin'>): UserGrants {
  return { ...user, kind: 'user', id: '1', admin: false };
}
