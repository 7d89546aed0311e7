import type { Awaitable, JsonObject, JsonValue } from '@hub/core/plugin';
import type { Claims } from './claims.ts';
import type { Fetch } from './http.ts';

/** Where a provider is: found by its issuer (OpenID Connect discovery), or said outright (plain OAuth 2). */
export type ProviderAddresses =
  | {
      /** Its discovery document is at `<issuer>/.well-known/openid-configuration`. */
      readonly issuer: string;
    }
  | {
      /**
       * Address of a document of RFC 8414 that tells the addresses. Its `issuer` may differ from where it was found:
       * for providers without id tokens that are published by another server, such as OpenShift's.
       */
      readonly metadataUrl: string;
      readonly userinfoUrl?: string | undefined;
    }
  | {
      readonly authorizeUrl: string;
      readonly tokenUrl: string;
      /** Read with the access token to learn who somebody is; needed unless the provider has `readClaims`. */
      readonly userinfoUrl?: string | undefined;
      /** What it calls itself where it sends `iss` or id tokens; those are then checked, with `jwksUrl`. */
      readonly issuer?: string | undefined;
      readonly jwksUrl?: string | undefined;
    };

/** A provider as this package needs to know it. A {@link Preset} makes one from its options. */
export interface Provider {
  readonly addresses: ProviderAddresses;
  /** Asked for unless the option `scopes` says otherwise. */
  readonly scopes: readonly string[];
  /** Further parameters of the authorization request; the option of that name wins over them. */
  readonly authorizeParameters?: Readonly<Record<string, string>>;
  /** What the token endpoint wants when the option `clientAuth` is not given. */
  readonly clientAuth?: 'basic' | 'post';
  /** False: it refuses proof keys, whatever the option says. */
  readonly pkce?: false;
  /** Headers of requests to `userinfoUrl` and by {@link Session.api}, such as `Accept`. */
  readonly apiHeaders?: Readonly<Record<string, string>>;
  /** {@link Session.api} starts here, with or without a trailing slash; it never leaves this origin. */
  readonly apiUrl?: string;
  /** Key under which auth_state keeps the claims, as OAuthenticator calls it: `github_user`. */
  readonly userKey: string;

  /**
   * Learns who somebody is. Unless given: the claims of the id token, and over them those of the userinfo endpoint
   * when there is one (its `sub` must be the same).
   */
  readClaims?(session: Session): Promise<Claims>;
  /**
   * Claim that never changes and is never given to another. Numbers become text. Unless given: `sub`, after the
   * issuer when there is an id token (`https://login.example.org#4711`).
   */
  readonly subjectClaim?: string | ((claims: Claims) => string | null | undefined);
  /** Claim for the user name when the option `usernameClaim` is not given. */
  readonly usernameClaim: string | ((claims: Claims) => string | null | undefined);
  /** Works on the name that was found, before the hub sees it: strips a domain, adds a prefix. */
  nameFrom?(name: string, claims: Claims): string;
  /** Names as the hub compares them, for all lists of the configuration too (P107); lower-case unless given. */
  normalizeName?(name: string): string;
  /**
   * The groups when the option `groupsClaim` is not given. Null or undefined: the provider says nothing. Anything but
   * a list of texts is refused.
   */
  groups?(person: SignedIn): Awaitable<JsonValue | undefined>;
  /** An e-mail address with the provider's word for it; the claims `email` and `email_verified` unless given. */
  email?(person: SignedIn): Awaitable<{ readonly address: string; readonly verified: boolean } | null>;
  /** Shown in the user model; name, e-mail and picture from the usual claims unless given. */
  userInfo?(person: SignedIn): Awaitable<JsonObject>;
  /** Further entries of auth_state, such as `{ teams: […] }`. */
  authState?(person: SignedIn): Awaitable<JsonObject>;

  /** Must hold for everybody (a hosted domain, a tenant): a sentence for who is refused, or null. */
  restrict?(person: SignedIn): Awaitable<string | null>;
  /** Any of them lets somebody in, as do the options `allowAll`, `allowedGroups` and `allowedDomains`. */
  readonly allow?: readonly AllowRule[];
  /** Null or undefined leaves it open. Asked after the option `adminGroups`, when that is empty. */
  isAdmin?(person: SignedIn): Awaitable<boolean | null | undefined>;

  /** Where the browser logs out at the provider, instead of the address from discovery; null when nowhere. */
  logoutUrl?(facts: {
    readonly clientId: string;
    readonly idToken: string | null;
    readonly returnUrl: string;
  }): string | null;
  /** False: asking again tells nothing, so `refreshUser` is off. */
  readonly refreshable?: false;
}

/** A rule that lets people in. It is asked at each sign-in and at each refresh. */
export interface AllowRule {
  /** For logs and auth_state: `organisation`, `team`. */
  readonly name: string;
  test(person: SignedIn): Awaitable<boolean>;
}

/** The provider's answer to a fresh authorization or refresh, and what can be asked with it. */
export interface Session {
  /** The token endpoint's answer, checked; tokens included. */
  readonly tokens: JsonObject & { readonly access_token: string };
  /** Claims of the id token, whose signature, issuer, audience, expiry and nonce were checked; null without one. */
  readonly idClaims: Claims | null;
  /**
   * Asks the provider with the access token: within the time and size limits, only on the origin of
   * {@link Provider.apiUrl}, following no redirect.
   *
   * @param path below `apiUrl`, or an absolute address on its origin such as {@link ApiAnswer.next}
   * @throws ProviderUnavailable when there is no answer, or one that is 5xx, no JSON or too large. Every other status
   * is returned.
   */
  api(path: string, options?: ApiOptions): Promise<ApiAnswer>;
  /**
   * All entries of a list that comes in pages (`Link: …; rel="next"`), 50 pages at most.
   *
   * @throws ProviderUnavailable as `api` does, for any status but 200, for pages that are no list, and for too many
   */
  apiList(path: string, options?: ApiOptions): Promise<readonly JsonValue[]>;
  /** The way to other addresses of the provider: the same limits, no token. @throws ProviderUnavailable */
  readonly fetch: Fetch;
}

/** How {@link Session.api} asks. */
export interface ApiOptions {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** A POST with this JSON instead of a GET. */
  readonly body?: JsonValue;
  /** Asks with this token instead of the access token. */
  readonly token?: string;
  /** A sentence for operators when the answer is 401 or 403 to a list: the scope or permission that is missing. */
  readonly forbiddenHint?: string;
}

/** What {@link Session.api} brought. */
export interface ApiAnswer {
  readonly status: number;
  /** The JSON; null for an empty answer (204). */
  readonly body: JsonValue;
  /** Address of the next page of a list, or null. */
  readonly next: string | null;
}

/** Somebody whose claims are known. */
export interface SignedIn extends Session {
  readonly claims: Claims;
  /** Found by the option `groupsClaim` or {@link Provider.groups}; null when nothing tells. Empty while that is asked. */
  readonly groups: readonly string[] | null;
  /** As the provider writes it, after `nameFrom`. */
  readonly name: string;
}
