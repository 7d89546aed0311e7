import type { JsonObject } from '../plugin/index.ts';

/** A service as it is to be stored: checked, with every default filled in. */
export interface ServiceAccount {
  readonly name: string;
  /** Where it serves, or `null` when nobody visits it. */
  readonly url: string | null;
  /** Does it hold role `admin` (R143)? */
  readonly admin: boolean;
  /** Further roles it holds. */
  readonly roles: readonly string[];
  readonly info: JsonObject;
  /** Listed in the user interface. */
  readonly display: boolean;
  /** Seconds to wait for its HTTP. */
  readonly timeout: number;
  /** Nobody is asked before it learns who they are (R165). */
  readonly noConfirm: boolean;
  /** In clear: only its hash is stored. */
  readonly apiToken: string | null;
  /** Its OAuth client, whose secret is the token (P501); `null` when it has none. */
  readonly client: ServiceClient | null;
}

/** The OAuth client of a service (W67). */
export interface ServiceClient {
  readonly identifier: string;
  readonly redirectUri: string;
  /** With access to the service itself (R163); sorted. */
  readonly allowedScopes: readonly string[];
}

/** Description of the OAuth client of a service, read by people (W67). */
export function serviceClientDescription(name: string): string {
  return `JupyterHub service ${name}`;
}

/** Note of a token that the configuration gave (R175). */
export const configuredTokenNote = 'from config';
