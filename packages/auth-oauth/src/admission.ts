import { HubError, type Identity, type JsonObject } from '@hub/core/plugin';
import type { Person, PersonParts } from './person.ts';
import type { Session } from './provider.ts';
import { plainJson } from './session.ts';

/** What the rules of the configuration say about a person. */
interface Verdict {
  /** Names of the rules that let them in; with none it is the hub's own lists that count. */
  readonly allowedBy: readonly string[];
  readonly admin: boolean | null;
}

/**
 * Turns a person into the identity that the hub takes over, with the verdict and the tokens in its auth_state.
 *
 * @throws HubError when the provider's restriction excludes them
 */
export async function identityOf(
  person: Person,
  parts: PersonParts,
): Promise<Identity & { readonly subject: string }> {
  const { provider } = parts;
  const excluded = (await provider.restrict?.(person)) ?? null;
  if (excluded !== null) {
    parts.log.info(
      { user: person.name, reason: excluded },
      'sign-in refused by the restriction of the provider',
    );
    throw new HubError('HUB_FORBIDDEN', excluded);
  }
  const verdict = await verdictOn(person, parts);
  const sid = person.idClaims?.sid;
  return {
    name: person.name,
    subject: person.subject,
    ...(typeof sid === 'string' && { providerSession: sid }),
    ...(verdict.admin === true && { admin: true }),
    groups: person.groups,
    userInfo: provider.userInfo ? await provider.userInfo(person) : usualUserInfo(person),
    authState: await authStateOf(person, verdict, parts),
  };
}

/** What {@link identityOf} found, read back from an identity's auth_state. */
export function verdictIn(authState: Identity['authState']): Verdict {
  const allowedBy = authState?.allowed_by;
  const admin = authState?.is_admin;
  return {
    allowedBy: Array.isArray(allowedBy) ? allowedBy.filter((one) => typeof one === 'string') : [],
    admin: typeof admin === 'boolean' ? admin : null,
  };
}

async function verdictOn(person: Person, { options, provider }: PersonParts): Promise<Verdict> {
  const groups = new Set(person.groups ?? []);
  const isOneOf = (names: readonly string[]) => names.some((name) => groups.has(name));
  const admin =
    options.adminGroups.length > 0 ? isOneOf(options.adminGroups) : await provider.isAdmin?.(person);

  const allowedBy: string[] = [];
  if (options.allowAll) allowedBy.push('allowAll');
  if (isOneOf(options.allowedGroups)) allowedBy.push('allowedGroups');
  if (admin === true) allowedBy.push('admin');
  if (await isOfDomain(person, options.allowedDomains, provider)) allowedBy.push('allowedDomains');
  // Each may ask the provider, so they are asked one by one, and none for nothing.
  for (const rule of provider.allow ?? []) {
    if (allowedBy.length > 0) break;
    if (await rule.test(person)) allowedBy.push(rule.name);
  }
  return { allowedBy, admin: admin ?? null };
}

async function isOfDomain(
  person: Person,
  domains: readonly string[],
  provider: PersonParts['provider'],
): Promise<boolean> {
  if (domains.length === 0) return false;
  const email = provider.email ? await provider.email(person) : usualEmail(person);
  if (!email?.verified) return false;
  const at = email.address.lastIndexOf('@');
  const domain = email.address.slice(at + 1).toLowerCase();
  return at > 0 && domains.some((one) => one.toLowerCase() === domain);
}

function usualEmail({ claims }: Person): { address: string; verified: boolean } | null {
  const { email, email_verified: verified } = claims;
  return typeof email === 'string' ? { address: email, verified: verified === true } : null;
}

function usualUserInfo({ claims }: Person): JsonObject {
  const picture = claims.picture ?? claims.avatar_url;
  const all = { name: claims.name, email: claims.email, picture };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => typeof value === 'string'));
}

async function authStateOf(person: Person, verdict: Verdict, { provider }: PersonParts): Promise<JsonObject> {
  return {
    ...tokenState(person.tokens),
    [provider.userKey]: person.claims,
    id_claims: person.idClaims,
    allowed_by: verdict.allowedBy,
    is_admin: verdict.admin,
    ...(await provider.authState?.(person)),
  };
}

/**
 * The tokens as auth_state keeps them, with the names that OAuthenticator has, for hooks that were written for it;
 * `expires_at` in seconds since 1970.
 */
export function tokenState(tokens: Session['tokens']): JsonObject {
  const { scope, expires_at: expires, ...response } = tokens;
  return {
    access_token: tokens.access_token,
    refresh_token: tokens.refresh_token ?? null,
    id_token: tokens.id_token ?? null,
    scope: typeof scope === 'string' ? scope.split(/[ ,]+/).filter((one) => one !== '') : [],
    expires_at: expires ?? null,
    token_response: plainJson({ ...response, scope }),
  };
}
