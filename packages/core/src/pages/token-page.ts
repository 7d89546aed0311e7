import { describeScopes, type ScopeTable } from '../access/index.ts';
import { hubClientId, type TokenRecord, tokenName } from '../accounts/index.ts';
import { html, type Routes } from '../http/index.ts';
import { quoteName } from '../kernel/index.ts';
import type { PageScope, PageToken, PageTokenClient } from '../plugin/index.ts';
import type { PageDeps } from './deps.ts';
import { pageContext } from './page-context.ts';
import { requireViewer, type Viewer } from './viewer.ts';

/** Tokens and authorized applications (W15, W126). Expired ones are not shown, and deleted every hour. */
export function tokenPageRoutes(hub: Routes, deps: PageDeps): void {
  const { pages, settings, places, table } = deps;
  hub.route('GET', '/token', {
    summary: 'Tokens',
    identity: 'user',
    async handle(context) {
      const viewer = requireViewer(context);
      const latestFirst = (await deps.tokens.list(viewer)).toReversed();
      const page = {
        tokens: latestFirst.filter(({ clientId }) => clientId === hubClientId).map(pageToken),
        clients: byClient(latestFirst.filter(({ clientId }) => clientId !== hubClientId)),
        logins: null,
        scopes: scopesInWords(table, viewer),
        maxLifetime: settings.tokenMaxSeconds || null,
        apiUrl: `${places.hubPrefix}api/users/${quoteName(viewer.name)}/tokens`,
      };
      return html(await pages.token(await pageContext(context, deps), page));
    },
  });
}

function pageToken(token: TokenRecord): PageToken {
  const { id, note, scopes, created, lastActivity, expiresAt } = token;
  return { id: tokenName(id), note, scopes, created, lastUsed: lastActivity, expires: expiresAt };
}

/** An application may hold several tokens: one line for all of them. */
function byClient(latestFirst: readonly TokenRecord[]): readonly PageTokenClient[] {
  const clients = Map.groupBy(latestFirst, ({ clientId }) => clientId);
  return [...clients.values()].map((tokens) => {
    const used = tokens.flatMap(({ lastActivity }) => (lastActivity === null ? [] : [lastActivity]));
    return {
      tokenIds: tokens.map(({ id }) => tokenName(id)),
      description: tokens[0]?.clientName ?? '',
      scopes: [...new Set(tokens.flatMap(({ scopes }) => scopes))].sort(),
      created: tokens.map(({ created }) => created).sort()[0] ?? '',
      lastUsed: used.sort().at(-1) ?? null,
    };
  });
}

function scopesInWords(table: ScopeTable, { name, scopes }: Viewer): readonly PageScope[] {
  return describeScopes(table, scopes.toStrings(), { kind: 'user', name }).map(
    ({ scope, description, restriction }) => ({ scope, description, filter: restriction || null }),
  );
}
