import { HubError, type JsonObject, type JsonValue } from '@hub/core/plugin';
import { isObject } from '../claims.ts';
import { providerUnavailable } from '../errors.ts';
import type { Session } from '../provider.ts';

/** A provider answered what its documentation does not say: nobody is let in, and nobody signed out, over it. */
export function unexpected(title: string, what: string): HubError {
  return providerUnavailable(`${title} answered something unexpected about ${what}.`);
}

/** The provider keeps to itself what a rule needs: `message` is for the person, `hint` tells operators what is missing. */
export function withheld(message: string, hint: string): HubError {
  return new HubError('HUB_UNAVAILABLE', message, { expose: true, hint });
}

/** The list as objects. @throws HubError when it is no list, or an entry is no object */
export function objectsIn(value: JsonValue | undefined, title: string, what: string): readonly JsonObject[] {
  if (!Array.isArray(value)) throw unexpected(title, what);
  return value.map((entry) => {
    if (!isObject(entry)) throw unexpected(title, what);
    return entry;
  });
}

/** The text in this field. @throws HubError when there is none */
export function textIn(object: JsonObject | undefined, field: string, title: string, what: string): string {
  const value = object?.[field];
  if (typeof value !== 'string' || value === '') throw unexpected(title, what);
  return value;
}

/** The text, or null for anything else. */
export function textOrNull(value: JsonValue | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The object in this field, if it is one. */
export function objectIn(object: JsonObject, field: string): JsonObject | undefined {
  const value = object[field];
  return isObject(value) ? value : undefined;
}

/** What a list's page brought, and where the next one is. */
export interface Page {
  readonly entries: readonly JsonObject[];
  readonly next: string | null;
}

/**
 * Reads a list to its end for providers that name the next page in the body.
 * @throws HubError when it does not end: a list cut short would put somebody out of groups
 */
export async function allPages(
  title: string,
  what: string,
  first: string,
  read: (address: string) => Promise<Page>,
  limit = 50,
): Promise<readonly JsonObject[]> {
  const entries: JsonObject[] = [];
  let address: string | null = first;
  for (let page = 0; address !== null; page++) {
    if (page === limit) {
      throw providerUnavailable(`${title} gave more than ${limit} pages about ${what}.`);
    }
    const answer: Page = await read(address);
    entries.push(...answer.entries);
    address = answer.next;
  }
  return entries;
}

/** Asks once for each answer of the token endpoint, however many rules want to know. */
export function oncePerSession<T>(ask: (session: Session) => Promise<T>): (session: Session) => Promise<T> {
  const asked = new WeakMap<object, Promise<T>>();
  return (session) => {
    const known = asked.get(session.tokens);
    if (known) return known;
    const answer = ask(session);
    asked.set(session.tokens, answer);
    return answer;
  };
}

/** The part behind the last `@`, in lower case; null when there is none. */
export function domainOf(address: string): string | null {
  const at = address.lastIndexOf('@');
  return at < 1 || at === address.length - 1 ? null : address.slice(at + 1).toLowerCase();
}

/** The part before `@domain`, if that is how it ends, whatever the case; else all of it. */
export function withoutDomain(address: string, domain: string): string {
  return domainOf(address) === domain.toLowerCase() ? address.slice(0, address.lastIndexOf('@')) : address;
}

/** Addresses are joined with a slash: here none is left at the end. */
export function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

/**
 * The id at a provider whose address is an option: another provider under the same id of the authenticator counts its
 * people from one, too. `https://github.com#1815`; null when there is no id.
 */
export function subjectAt(provider: string, id: JsonValue | undefined): string | null {
  const text = typeof id === 'number' && Number.isSafeInteger(id) && id > 0 ? String(id) : textOrNull(id);
  return text === null ? null : `${provider}#${text}`;
}
