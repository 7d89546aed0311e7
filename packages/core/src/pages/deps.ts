import type { ScopeTable } from '../access/index.ts';
import type {
  AuthenticatorInstance,
  Logins,
  OAuthClients,
  SignIn,
  Tokens,
  Users,
} from '../accounts/index.ts';
import type { AskAgain } from '../actions/index.ts';
import type { Memberships } from '../http/index.ts';
import type { Awaitable, Clock, Logger, Pages, RequestView, UserView } from '../plugin/index.ts';
import type { Servers, StartChoices } from '../servers/index.ts';

/** Everything the page flows work with. */
export interface PageDeps {
  /** The look; `plainPages` where no plugin brings one. */
  readonly pages: Pages;
  readonly users: Pick<Users, 'get' | 'authStateOf'>;
  readonly tokens: Pick<Tokens, 'list'>;
  readonly logins: Pick<Logins, 'end' | 'endOfProvider' | 'list'>;
  readonly clients: Pick<OAuthClients, 'get'>;
  readonly servers: Servers;
  readonly starts: StartChoices;
  readonly authenticators: readonly AuthenticatorInstance[];
  readonly signIn: () => Promise<SignIn>;
  readonly memberships: Memberships;
  readonly askAgain: AskAgain;
  readonly table: ScopeTable;
  readonly clock: Clock;
  readonly log: Logger;
  readonly places: PagePlaces;
  /** Version of this hub, for the foot of pages. */
  readonly version: string;
  /** Version of JupyterHub whose contract is kept; servers report theirs (W37). */
  readonly compatibleVersion: string;
  readonly settings: PageSettings;
  /** Services with an address that are to be listed (W100); each is shown to those who may open it. */
  readonly services?: () => readonly { readonly name: string; readonly href: string }[];
}

/** Prefixes of the hub. */
export interface PagePlaces {
  /** Prefix of everything, `B`. */
  readonly baseUrl: string;
  /** The hub's own prefix, `H`. */
  readonly hubPrefix: string;
  /** Host with port when users have hosts of their own, else `null` (W51). */
  readonly subdomainHost: string | null;
}

/** What an operator decides about the flows. Times are seconds. */
export interface PageSettings {
  /** Where `/` and a sign-in lead, `''` for the usual way (W7). */
  readonly defaultUrl: string | ((request: RequestView) => Awaitable<string>);
  /** Does the usual way lead to the own server, or to the home page (W7, W21)? */
  readonly redirectToServer: boolean;
  /** Server that `user-redirect` leads to; `''` for the default one (W14). */
  readonly defaultServerName: string;
  /** Another address for `user-redirect/…`; `null` keeps the usual one (W14). */
  readonly userRedirect?: (path: string, request: RequestView, user: UserView) => Awaitable<string | null>;
  /** The page of a stopped server starts it after this; 0 never (W39). */
  readonly implicitStartSeconds: number;
  /** Redirects to a ready server before a loop is assumed (W37). */
  readonly redirectLimit: number;
  /** Status for requests to stopped servers: 424, for old clients 503 (W38). */
  readonly stoppedStatus: 424 | 503;
  /** Longest life of a token; 0 is no limit (W126). */
  readonly tokenMaxSeconds: number;
  /** Does signing out stop the own servers (W47)? */
  readonly shutdownOnLogout: boolean;
  /** Bytes of a submitted options form with its files. */
  readonly formLimit: number;
  /** Limit of a question to a plugin. */
  readonly hookTimeout: number;
}
