import type { PageScope, TokenPage } from '@hub/core/plugin';
import type { PageVariables } from '../page-variables.ts';
import { type SafeHtml, safeHtml, toHtml } from '../safe-html.ts';
import type { Texts } from '../texts.ts';
import { groupScopes, isPowerful } from './scopes.ts';

const lifetimes = [
  { seconds: 3600, key: 'hour' },
  { seconds: 86_400, key: 'day' },
  { seconds: 604_800, key: 'week' },
  { seconds: 2_592_000, key: 'month' },
  { seconds: 31_536_000, key: 'year' },
] as const;

/** Variables of `token.html`. */
export function tokenVariables(page: TokenPage, texts: Texts, language: string): PageVariables {
  const words = texts.token ?? {};
  const describe = (scopes: readonly string[]) => describeScopes(scopes, page.scopes, words);
  return {
    api_tokens: page.tokens.map((token) => ({
      ...token,
      last_activity: token.lastUsed,
      may: describe(token.scopes),
    })),
    oauth_clients: page.clients.map((client) => ({
      ...client,
      last_activity: client.lastUsed,
      token_id: client.tokenIds[0] ?? '',
      may: describe(client.scopes),
    })),
    logins: page.logins,
    logins_url: page.loginsUrl,
    scope_groups: groupScopes(page.scopes).map(({ key, scopes }) => ({
      name: words[key],
      scopes: scopes.map((scope) => ({ ...scope, powerful: isPowerful(scope.scope) })),
    })),
    scope_count: page.scopes.length,
    token_expires_in_options_html: expiryOptions(page.maxLifetime, texts, language),
    token_expires_in_max_seconds: page.maxLifetime,
    api_url: page.apiUrl,
    script_data: { api_url: page.apiUrl },
  };
}

/** What a token may do: the first thing in words, and the rest. `inherit` is everything its owner may. */
function describeScopes(
  scopes: readonly string[],
  known: readonly PageScope[],
  words: Readonly<Record<string, string>>,
) {
  const everything = scopes.includes('inherit');
  const named = scopes.map((scope) => known.find((one) => one.scope === scope)?.description ?? scope);
  const items = everything ? [words.everything] : [...new Set(named)];
  const [first = words.identify, ...rest] = items;
  return { first, rest, powerful: everything || scopes.some(isPowerful) };
}

/** Options above the limit vanish, and the last one is the limit itself instead of never (W126). */
function expiryOptions(limit: number | null, texts: Texts, language: string): SafeHtml {
  const words = texts.token ?? {};
  const offered = lifetimes
    .filter(({ seconds }) => limit === null || seconds < limit)
    .map(({ seconds, key }) => option(String(seconds), words[key] ?? key, false));
  const last =
    limit === null
      ? option('', texts.common?.never ?? '', true)
      : option(String(limit), (words.longest ?? '{span}').replace('{span}', span(limit, language)), true);
  return safeHtml([...offered, last].join(''));
}

function option(value: string, label: string, selected: boolean): string {
  return `<option value="${toHtml(value)}"${selected ? ' selected' : ''}>${toHtml(label)}</option>`;
}

/** `7200` → `2 hours`, in the largest unit that divides it. */
function span(seconds: number, language: string): string {
  const units = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
    ['second', 1],
  ] as const;
  const [unit, size] = units.find(([, size]) => seconds % size === 0) ?? ['second', 1];
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(seconds / size);
}
