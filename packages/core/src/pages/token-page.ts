import { describeScopes, type ScopeTable } from '../access/index.ts';
import { hubClientId, type LoginRecord, loginName, type TokenRecord, tokenName } from '../accounts/index.ts';
import { type Context, html, type Routes } from '../http/index.ts';
import { quoteName } from '../kernel/index.ts';
import type { PageLogin, PageScope, PageToken, PageTokenClient } from '../plugin/index.ts';
import { browserWords } from './browser-words.ts';
import type { PageDeps } from './deps.ts';
import { pageContext } from './page-context.ts';
import { requireViewer, type Viewer } from './viewer.ts';

/** Tokens, authorized applications and logins (W15, W126). Expired ones are not shown, and deleted every hour. */
export function tokenPageRoutes(hub: Routes, deps: PageDeps): void {
  const { pages, settings, places, table } = deps;
  hub.route('GET', '/token', {
    summary: 'Tokens',
    identity: 'user',
    async handle(context) {
      const viewer = requireViewer(context);
      const apiUrl = `${places.hubPrefix}api/users/${quoteName(viewer.name)}`;
      const loginsUrl = `${apiUrl}/logins`;
      const latestFirst = (await deps.tokens.list(viewer)).toReversed();
      const page = {
        tokens: latestFirst.filter(({ clientId }) => clientId === hubClientId).map(pageToken),
        clients: byClient(latestFirst.filter(({ clientId }) => clientId !== hubClientId)),
        logins: pageLogins(
          await deps.logins.list(viewer),
          context,
          loginsUrl,
          deps.authenticators.length > 1,
        ),
        scopes: scopesInWords(table, viewer),
        maxLifetime: settings.tokenMaxSeconds || null,
        apiUrl: `${apiUrl}/tokens`,
        loginsUrl,
      };
      return html(await pages.token(await pageContext(context, deps), page));
    },
  });
}

/** This browser first, then by the time of the sign-in. The way in is named where there are several. */
function pageLogins(
  logins: readonly LoginRecord[],
  { caller }: Pick<Context, 'caller'>,
  url: string,
  severalWays: boolean,
): readonly PageLogin[] {
  const isCurrent = ({ id }: LoginRecord) => caller.kind === 'cookie' && caller.loginId === String(id);
  const [current, others] = [logins.filter(isCurrent), logins.filter((login) => !isCurrent(login))];
  return [...current, ...others].map((login) => ({
    id: loginName(login.id),
    browser: browserWords(login.userAgent),
    address: login.ip || null,
    signedInWith: severalWays ? login.authenticator : null,
    lastActive: login.lastSeen,
    current: isCurrent(login),
    apiUrl: `${url}/${loginName(login.id)}`,
  }));
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
