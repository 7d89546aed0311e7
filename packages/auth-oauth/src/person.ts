import { HubError, type JsonValue, type Logger } from '@hub/core/plugin';
import { type Claims, claimAt, isObject } from './claims.ts';
import type { OAuthOptions } from './options.ts';
import type { Provider, Session, SignedIn } from './provider.ts';

/** What {@link personOf} needs. */
export interface PersonParts {
  readonly title: string;
  readonly options: OAuthOptions;
  readonly provider: Provider;
  readonly log: Logger;
}

/** Somebody with the name that the provider never gives to another. */
export interface Person extends SignedIn {
  readonly subject: string;
}

/**
 * Reads from the claims who somebody is.
 *
 * @throws HubError with a sentence for the person when the provider does not tell enough; the log says what to change
 */
export async function personOf(session: Session, claims: Claims, parts: PersonParts): Promise<Person> {
  const { provider } = parts;
  const subject = subjectOf(session, claims, parts);
  const told = nameOf(claims, parts);
  const name = provider.nameFrom?.(told, claims) ?? told;
  const nobody: SignedIn = { ...session, claims, name, groups: [] };
  const groups = await groupsOf(nobody, parts);
  return { ...nobody, subject, groups };
}

function subjectOf({ idClaims }: Session, claims: Claims, parts: PersonParts): string {
  const { subjectClaim } = parts.provider;
  const value =
    typeof subjectClaim === 'function' ? subjectClaim(claims) : claimAt(claims, subjectClaim ?? 'sub');
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || text === '') {
    throw untold(parts, 'who you are', claimName(subjectClaim ?? 'sub'), claims);
  }
  // Two providers may call two people the same.
  return subjectClaim === undefined && typeof idClaims?.iss === 'string' ? `${idClaims.iss}#${text}` : text;
}

function nameOf(claims: Claims, parts: PersonParts): string {
  const claim = parts.options.usernameClaim ?? parts.provider.usernameClaim;
  const value = typeof claim === 'function' ? claim(claims) : claimAt(claims, claim);
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw untold(parts, 'your user name', claimName(claim), claims);
}

/**
 * A provider that names no groups means none: a membership that was taken away must not stay for want of a claim.
 * What is no list of names is refused, for nobody can tell what it means.
 */
async function groupsOf(person: SignedIn, parts: PersonParts): Promise<readonly string[] | null> {
  const { groupsClaim } = parts.options;
  const { claims } = person;
  if (groupsClaim === undefined) {
    if (!parts.provider.groups) return null;
    return namesIn(await parts.provider.groups(person), null, parts, claims);
  }
  if (typeof groupsClaim === 'function') return namesIn(groupsClaim(claims), [], parts, claims);
  const elsewhere = claims._claim_names;
  if (isObject(elsewhere) && Object.hasOwn(elsewhere, groupsClaim)) {
    parts.log.error(
      { claim: groupsClaim },
      'the provider keeps the groups elsewhere: too many for one token',
    );
    throw refusal(`You have so many groups that ${parts.title} does not tell them.`);
  }
  return namesIn(claimAt(claims, groupsClaim), [], parts, claims);
}

function namesIn(
  value: JsonValue | undefined,
  fallback: readonly string[] | null,
  { title, options, log }: PersonParts,
  claims: Claims,
): readonly string[] | null {
  if (value === undefined || value === null) return fallback;
  if (isNames(value)) return [...new Set(value)];
  const found = Array.isArray(value) ? 'a list of something else' : typeof value;
  const claim = claimName(options.groupsClaim ?? 'groups');
  log.error(
    { claim, found, claims: Object.keys(claims) },
    'groups are no list of texts; use a function as groupsClaim',
  );
  throw refusal(`${title} tells your groups in a form that this hub does not understand.`);
}

function isNames(value: JsonValue): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' && one !== '');
}

function untold({ title, log }: PersonParts, what: string, claim: string, claims: Claims): HubError {
  log.error(
    { claim, claims: Object.keys(claims) },
    'a claim that is needed is missing; check the scopes and the claim',
  );
  return refusal(`${title} did not tell this hub ${what}.`);
}

function claimName(claim: string | ((claims: Claims) => unknown)): string {
  return typeof claim === 'function' ? 'a function of the configuration' : claim;
}

function refusal(sentence: string): HubError {
  return new HubError('HUB_FORBIDDEN', `${sentence} Tell whoever runs this hub.`);
}
