import { Grants } from '../access/index.ts';
import { TokenStore } from '../accounts/index.ts';
import { Events, Ids, UnitOfWork } from '../kernel/index.ts';
import type { OAuthDeps } from '../oauth/index.ts';
import type { HubParts } from './hub.ts';
import { oauthTokenSeconds } from './longest-lives.ts';
import { roleScopes } from './role-scopes.ts';
import { services } from './tokens.ts';

/** What the OAuth provider works with, out of the container. */
export function oauthDeps(parts: HubParts, showConsent: OAuthDeps['showConsent']): OAuthDeps {
  const { container, settings, addresses, log } = parts;
  return {
    clients: container.get(services.oauthClients),
    codes: container.get(services.oauthCodes),
    tokens: container.get(TokenStore),
    grants: container.get(Grants),
    table: container.get(services.scopeTable),
    roleScopes: roleScopes(container),
    work: container.get(UnitOfWork),
    events: container.get(Events),
    ids: container.get(Ids),
    log: log.child({ part: 'oauth' }),
    requirePkce: settings.tokens.requirePkce,
    tokenSeconds: oauthTokenSeconds(settings),
    noConfirm: (name) => container.get(services.serviceAccounts).needsNoConsent(name),
    loginUrl: (next) => `${addresses.hubPrefix}login?next=${encodeURIComponent(next)}`,
    showConsent,
  };
}
