import type { LoginField } from './authenticator.ts';
import type { UserView } from './common.ts';
import type { Awaitable, Instant, JsonObject } from './json.ts';
import type { SpawnFailureCause } from './spawner.ts';
import { token } from './token.ts';

/**
 * The look of the hub: one function per page turns a typed view model into a whole HTML document. Core decides
 * which page is shown with which status and headers; a page decides nothing and reads nothing but its arguments.
 *
 * Every text in a model is plain text and is escaped, except fields whose name ends in `Html`: those are trusted
 * (the operator's or a plugin's) unless their comment says otherwise. Times are instants; the browser shows them
 * in its own time zone. Paths (`…Url`, `href`, `action`) begin with a slash and are ready for an attribute value.
 */
export interface Pages {
  readonly assets: PageAssets;
  /** W123 */
  login(context: PageContext, page: LoginPage): Awaitable<string>;
  logout(context: PageContext, page: LogoutPage): Awaitable<string>;
  /** W124 */
  home(context: PageContext, page: HomePage): Awaitable<string>;
  /** The options form before a start (W29, W125). */
  spawn(context: PageContext, page: SpawnPage): Awaitable<string>;
  /** A start under way (W33). */
  spawnPending(context: PageContext, page: SpawnPendingPage): Awaitable<string>;
  /** A stop under way; the page reloads itself. */
  stopPending(context: PageContext, page: StopPendingPage): Awaitable<string>;
  /** A stopped server, or with `failure` one whose last start failed (W33, W39). */
  notRunning(context: PageContext, page: NotRunningPage): Awaitable<string>;
  /** W126 */
  token(context: PageContext, page: TokenPage): Awaitable<string>;
  /** Consent of W73. Deny posts `deny=1` (W74). */
  oauth(context: PageContext, page: OAuthPage): Awaitable<string>;
  /** W17 */
  acceptShare(context: PageContext, page: AcceptSharePage): Awaitable<string>;
  /** Any other answer a person reads: site template `<status>.html`, else `error.html` (W34, W111). */
  error(context: PageContext, page: ErrorPage): Awaitable<string>;
}
export const Pages = token<Pages>('Pages');

/** Files of the look, served by core. */
export interface PageAssets {
  /** Absolute path of the folder served as `{H}static/…` (W20). */
  readonly folder: string;
  /** Changes when any file in it does; `static_url` appends it as `?v=`. */
  readonly hash: string;
  /** Absolute path of the image at `{H}logo`. */
  readonly logoFile: string;
  /** Absolute path of the image at `/favicon.ico`. */
  readonly faviconFile: string;
}

/** What every page gets (W120). */
export interface PageContext {
  /** The hub's own prefix, `H`: `/hub/`. */
  readonly baseUrl: string;
  /** Prefix of everything, `B`: `/`. */
  readonly prefix: string;
  /** Who is signed in, or null. */
  readonly user: UserView | null;
  readonly loginUrl: string;
  readonly logoutUrl: string;
  /** `staticUrl('hub.css')` → `/hub/static/hub.css?v=…`. */
  staticUrl(path: string): string;
  /** For forms and calls of this browser; `''` where none can be set (W34). */
  readonly xsrfToken: string;
  /** Allows scripts and styles of the operator's templates and forms. */
  readonly cspNonce: string;
  /** Services this person may open. */
  readonly services: readonly PageLink[];
  /** Further entries of the navigation, such as a plugin's own pages. */
  readonly navigation: readonly PageLink[];
  /** May open the administration. */
  readonly adminAccess: boolean;
  /** The strip under the bar. Wins over the one configured with the look. HTML, trusted. */
  readonly announcementHtml: string | null;
  /** Scopes of the viewer, as granted and expanded. */
  readonly scopes: readonly string[];
  readonly expandedScopes: readonly string[];
  /** Version of this hub, for the foot of the page. */
  readonly version: string;
  /** `auth_state` for templates of the site, where the operator lets them have it. */
  readonly authState: JsonObject | null;
}

/** A link with its words. */
export interface PageLink {
  readonly name: string;
  readonly href: string;
}

/** Sign in. Ways are shown in the given order: forms first, then buttons. */
export interface LoginPage {
  readonly ways: readonly LoginWay[];
  /** Validated `next`, or `''`. */
  readonly next: string;
  /** Pre-filled name, already shortened (W25). */
  readonly username: string;
  /** Why the last try failed, such as `Invalid username or password` (W25). */
  readonly error: string | null;
  /** Id of the way the last try used; its form keeps the name and the focus. */
  readonly tried: string | null;
  /** Is the page reached over https or from loopback? Else a warning is shown. */
  readonly secure: boolean;
  /** People must agree to this before the form is sent; null for no checkbox. */
  readonly termsUrl: string | null;
}

/** One way to sign in: an authenticator's form, or its button that leads away. */
export type LoginWay =
  | {
      readonly kind: 'form';
      /** Id of the authenticator. */
      readonly id: string;
      readonly title: string | null;
      /** `username`, `password` and `otp` get the ids of W121. */
      readonly fields: readonly LoginField[];
      /**
       * Takes the place of the whole form (P144). A template of its own: rendered with `next`, `username`,
       * `login_error`, `login_url`, `authenticator_login_url`, `xsrf`. Never put what a visitor sent into it.
       */
      readonly formHtml: string | null;
      /** Where the form posts to, with `next`. */
      readonly action: string;
      /** Further fields to send, beside `_xsrf`. */
      readonly hidden: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'button'; readonly id: string; readonly label: string; readonly href: string };

/** Logged out. */
export interface LogoutPage {
  /** Are servers of this person still running? null when nobody asked. */
  readonly serversRunning: boolean | null;
  /** Where the provider's own log-out is, and what it is called. */
  readonly provider: PageLink | null;
}

/** What a server looks like to a person. `failed` is a stopped server whose last start or run failed. */
export type PageServerPhase =
  | 'stopped'
  | 'queued'
  | 'starting'
  | 'ready'
  | 'stopping'
  | 'failed'
  | 'unreachable';

/** A server on a page. */
export interface PageServer {
  /** `''` for the default server. */
  readonly name: string;
  /** `''` lets the page choose its words for the default server. */
  readonly displayName: string;
  readonly owner: string;
  readonly phase: PageServerPhase;
  /** Where it is opened. */
  readonly url: string;
  /** `{H}spawn/…` of this server. */
  readonly spawnUrl: string;
  /** `{H}spawn-pending/…` of this server. */
  readonly pendingUrl: string;
  /** `{H}api/users/ada/server` or `…/servers/gpu`: POST starts, DELETE stops, GET tells. */
  readonly apiUrl: string;
  /** When it was started; null while stopped. */
  readonly started: Instant | null;
  readonly lastActivity: Instant | null;
  /** Chosen options in a few words, or null. */
  readonly profile: string | null;
  /** 0 to 100 while starting. */
  readonly progress: number | null;
  /** The last thing told about a start under way or a failure. */
  readonly message: string | null;
  /** Starting shows an options form first, so the start button leads to `spawnUrl`. */
  readonly hasOptionsForm: boolean;
}

/** The person's servers. */
export interface HomePage {
  readonly defaultServer: PageServer;
  /** null when named servers are not allowed. */
  readonly named: {
    readonly servers: readonly PageServer[];
    /** How many are allowed; null for no limit. */
    readonly limit: number | null;
    /** Names kept from earlier versions that today's rules refuse. */
    readonly invalidNames: readonly string[];
    /** `{H}api/users/ada/servers`: PUT `<this>/<slug>` makes one (R77). */
    readonly apiUrl: string;
  } | null;
  /** Servers of others that this person may open. */
  readonly shared: readonly PageServer[];
}

/** The options form. */
export interface SpawnPage {
  readonly server: PageServer;
  /** What the owner may choose among; none where there is no choice, and then the rest of the form stands here. */
  readonly profiles: readonly SpawnProfile[];
  /** Fields of a form that comes as JSON Schema. */
  readonly fields: readonly SpawnField[];
  /** The spawner's form fields as HTML, trusted; `''` for none. */
  readonly optionsFormHtml: string;
  /** Same address with `_xsrf` in its query (W29); posted as multipart. */
  readonly action: string;
  /** What is wrong on the whole; mistakes of single fields stand beside them. */
  readonly error: { readonly message: string; readonly html: string | null } | null;
}

/**
 * A profile as a choice: a radio button named `profile` with the id as its value. With it come questions of its own,
 * of which only those of the chosen one count.
 */
export interface SpawnProfile {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly chosen: boolean;
  /** The server ran by it the last time. */
  readonly lastUsed: boolean;
  readonly fields: readonly SpawnField[];
  readonly optionsFormHtml: string;
}

/** A field of an options form. */
export interface SpawnField {
  /** To be sent; unique in the form. */
  readonly name: string;
  /** The option it fills in, as links name it: `opt-<option>`. */
  readonly option: string;
  readonly label: string;
  readonly description: string;
  /**
   * `select` has `choices`. `checkbox` sends `true`; a hidden field of the same name before it sends `false`, so that
   * one left empty is told from one that was not there.
   */
  readonly kind: 'text' | 'url' | 'email' | 'number' | 'checkbox' | 'select' | 'file';
  readonly required: boolean;
  /** As text; `'true'` or `'false'` for a checkbox. */
  readonly value: string;
  readonly choices: readonly { readonly value: string; readonly label: string }[];
  /** Attributes of the input that the schema asks for: `min`, `max`, `step`, `minlength`, `maxlength`, `pattern`. */
  readonly limits: Readonly<Record<string, string>>;
  readonly placeholder: string;
  /** Of a file, else `null`. */
  readonly file: SpawnFile | null;
  /** What is wrong with it; a look may have words of its own for the rule. */
  readonly error: { readonly rule: string; readonly limit: string; readonly message: string } | null;
}

/** What else there is to know of a field that takes a file. */
export interface SpawnFile {
  /** What it may have at most: in bytes, and in words such as `1 MB`. */
  readonly maxBytes: number;
  readonly most: string;
  /** Attribute of the input; `''` for none. */
  readonly accept: string;
  /**
   * The file of the last start. It stays where no other is chosen and a checkbox of the field's name says `keep`;
   * `kept` tells whether that is ticked. `null` where there is none.
   */
  readonly last: { readonly name: string; readonly kept: boolean } | null;
}

/** A start under way. */
export interface SpawnPendingPage {
  readonly server: PageServer;
  /** `{H}api/users/…/progress`, without `_xsrf`: the script adds it. */
  readonly progressUrl: string;
  /** Starts before this one while queued; null when it is not queued. */
  readonly queue: number | null;
  /** `{H}api/users/…/log`, text; null for those who may not read it, and where there is none. */
  readonly logUrl: string | null;
  /** What was told so far, oldest first: for browsers without scripts, which cannot follow the stream. */
  readonly events: readonly PageEvent[];
}

/** Something told during a start. */
export interface PageEvent {
  readonly at: Instant;
  readonly message: string;
}

/** A stop under way. */
export interface StopPendingPage {
  readonly server: PageServer;
  /** Where a start failed and is being cleaned up: its story, oldest first. */
  readonly events: readonly PageEvent[];
}

/** A server that does not run. */
export interface NotRunningPage {
  readonly server: PageServer;
  /** Where the start button leads, with `next`. */
  readonly startUrl: string;
  /** The path in the server the person wanted, or null. */
  readonly wanted: string | null;
  /** Seconds until it starts by itself; 0 for never (W39). */
  readonly implicitStartSeconds: number;
  readonly failure: PageFailure | null;
}

/** Why a server did not start or ended. */
export interface PageFailure {
  readonly cause: SpawnFailureCause;
  /** What the spawner has to say to the owner, or null: then the page has a sentence for each cause (W33). */
  readonly message: string | null;
  /** The same with markup. From a spawner, **not** trusted: it is cleaned in the browser before it is shown. */
  readonly messageHtml: string | null;
  /** What the person can do, or null: then the page has a sentence for each cause. */
  readonly hint: string | null;
  readonly at: Instant;
  readonly attempt: number;
  /** To quote to support: `ada/gpu#14`. */
  readonly reference: string;
  /** The last lines of the server's log; null for those who may not read it. */
  readonly log: readonly string[] | null;
  /** What was told during the start, oldest first. */
  readonly events: readonly PageEvent[];
}

/** Tokens, authorized applications and logins. */
export interface TokenPage {
  /** Sorted by last use. */
  readonly tokens: readonly PageToken[];
  readonly clients: readonly PageTokenClient[];
  /** null when logins are not offered here. */
  readonly logins: readonly PageLogin[] | null;
  /** Scopes this person holds and may put into a token. */
  readonly scopes: readonly PageScope[];
  /** Longest life in seconds; null for no limit (W126). */
  readonly maxLifetime: number | null;
  /** `{H}api/users/ada/tokens`: POST makes one, DELETE `<this>/<id>` revokes. */
  readonly apiUrl: string;
  /** `{H}api/users/ada/logins`: DELETE signs out everywhere, here too. */
  readonly loginsUrl: string;
}

/** An API token. */
export interface PageToken {
  readonly id: string;
  readonly note: string;
  readonly scopes: readonly string[];
  readonly created: Instant;
  readonly lastUsed: Instant | null;
  readonly expires: Instant | null;
}

/** An application with tokens of this person. */
export interface PageTokenClient {
  /** All of them are revoked together. */
  readonly tokenIds: readonly string[];
  readonly description: string;
  readonly scopes: readonly string[];
  readonly created: Instant;
  readonly lastUsed: Instant | null;
}

/** A browser where this person is signed in. */
export interface PageLogin {
  readonly id: string;
  /** `Firefox on Linux`. */
  readonly browser: string;
  readonly address: string | null;
  readonly signedInWith: string | null;
  readonly lastActive: Instant | null;
  readonly current: boolean;
  /** DELETE ends it. */
  readonly apiUrl: string;
}

/** A permission in words. */
export interface PageScope {
  readonly scope: string;
  /** `Start and stop servers`. */
  readonly description: string;
  /** To whom it is limited, in words: `only yours`; null for no limit. */
  readonly filter: string | null;
}

/** Consent. */
export interface OAuthPage {
  readonly client: { readonly id: string; readonly description: string; readonly kind: 'server' | 'service' };
  /** Raw scopes the form sends as `scopes`, one field each (W73). */
  readonly allowedScopes: readonly string[];
  /** The same in words. */
  readonly scopes: readonly PageScope[];
  /** The request's own address. */
  readonly action: string;
  /** Where the browser goes afterwards, to be read by the person. */
  readonly redirectUri: string;
}

/** Accept a share code. */
export interface AcceptSharePage {
  readonly server: PageServer;
  readonly code: string;
  /** Validated `next`, or `''`. */
  readonly next: string;
  readonly action: string;
  readonly scopes: readonly PageScope[];
  /** When the share ends; null for never. */
  readonly expires: Instant | null;
}

/** An error, or a page of the proxy's (W34). */
export interface ErrorPage {
  readonly status: number;
  /** The status in words: `Not Found`. */
  readonly statusText: string;
  /** Made for people, or null: then the page has a sentence for the status. */
  readonly message: string | null;
  /** From an exception that says it is for people. Cleaned in the browser before it is shown. */
  readonly messageHtml: string | null;
  /** The path that was asked for, or null. */
  readonly requested: string | null;
  /** To quote to support; null for none. */
  readonly reference: string | null;
  /** Seconds after which trying again makes sense (W112); null when it does not. */
  readonly retryAfter: number | null;
}
