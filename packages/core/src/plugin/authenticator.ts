import type { ServerView, UserView } from './common.ts';
import type { Awaitable, JsonObject } from './json.ts';
import type { Identity, ManagedRole, PluginRouter, RequestView } from './request.ts';
import { token } from './token.ts';

/** A field of a login form. */
export interface LoginField {
  /** `username`, `password` and `otp` have their usual look and ids; others are plain text fields. */
  readonly name: string;
  readonly label?: string | undefined;
  readonly type?: 'text' | 'password' | undefined;
  readonly required?: boolean | undefined;
}

/** How a login begins: a form on the hub's page, a button that leads away, or nothing (tokens only). */
export type LoginStart =
  | {
      readonly form: {
        readonly title?: string;
        readonly fields: readonly (string | LoginField)[];
        readonly html?: string;
      };
    }
  | {
      readonly button: {
        readonly label: string /** Path below the authenticator's mount. */;
        readonly path: string;
      };
    }
  | { readonly none: true };

/** Whom a login belongs to, handed to hooks. */
export interface LoginView {
  readonly id: string;
  readonly user: UserView;
  readonly authenticator: string;
  /** {@link Identity.subject} of who signed in. */
  readonly subject: string;
  /** {@link Identity.providerSession}, or null. */
  readonly providerSession: string | null;
}

/** What else there is to know when a login ends. */
export interface LogoutFacts {
  /** What the hub keeps for this identity, decrypted; null when it keeps nothing. */
  readonly authState: JsonObject | null;
  /** Absolute address on this hub where a provider may send the browser afterwards. */
  readonly returnUrl: string;
}

/** What a refresh is about. */
export interface RefreshFacts {
  /** {@link Identity.subject} of who is asked about. */
  readonly subject: string;
  /** A start or a stop demands it, whatever the age of the last one (P128). */
  readonly forced: boolean;
}

/**
 * Tells who somebody is (P101–P163). `null` means no; an exception means something is broken: they look
 * different to a user and in the log.
 */
export interface Authenticator {
  readonly login: LoginStart;
  /**
   * Checks what the form brought (`username` is trimmed, other fields are as typed). `null` refuses.
   * Never called twice at once with the same answer expected to be cached; must be safe in parallel.
   */
  authenticate(request: RequestView, data: Readonly<Record<string, string>>): Promise<Identity | null>;

  /** Addresses of its own, mounted below `/hub/auth/<id>/`. */
  routes?(router: PluginRouter): void;
  /**
   * Nobody is shown a login page (P143): the button is followed, or without one the request itself tells who asks
   * (header-based single sign-on). `'oauth-authorize'`: only on the way to a server or service.
   */
  autoLogin?: boolean | 'oauth-authorize';
  /** Asks again whether a user is still who they were: `true`, `false`, or what changed (P125–P128). */
  refresh?(
    user: UserView,
    authState: JsonObject | null,
    facts: RefreshFacts,
  ): Promise<boolean | Partial<Identity>>;
  /** Lets in whoever it knows while the configuration says nothing: `allowAll` unset, `allowed` empty (P161). */
  letsEverybodyIn?: boolean;
  /** Lower-casing unless given (P107). */
  normalizeName?(name: string): Awaitable<string>;
  validateName?(name: string): boolean;
  isBlocked?(name: string, identity: Identity): Awaitable<boolean>;
  /** Asked when neither `allowAll` nor `allowed` lets the name in. */
  isAllowed?(name: string, identity: Identity): Awaitable<boolean>;
  /** Asked when the identity leaves it open; null changes nothing. */
  isAdmin?(name: string, identity: Identity): Awaitable<boolean | null>;
  /** A user was made; throwing undoes it (R58). */
  onUserAdded?(user: UserView): Awaitable<void>;
  onUserDeleted?(user: UserView): Awaitable<void>;
  /** Before each start; throwing fails it. May add environment. */
  beforeSpawn?(user: UserView, server: ServerView, authState: JsonObject | null): Awaitable<void>;
  afterStop?(user: UserView, server: ServerView): Awaitable<void>;
  onLogin?(login: LoginView): Awaitable<void>;
  /** May answer with an address the browser is sent to. */
  onLogout?(login: LoginView, facts: LogoutFacts): Awaitable<string | null | undefined>;
  loadManagedRoles?(): Promise<readonly ManagedRole[]>;
  /** Looks over its own options at start; answers with warnings. */
  checkConfig?(): Awaitable<readonly string[]>;
}
export const Authenticator = token<Authenticator>('Authenticator');
