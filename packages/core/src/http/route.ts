import type { JsonValue, OptionSchema, Options, OptionsSchema, Value } from '../plugin/index.ts';
import type { Answer } from './answer.ts';
import type { ScopeRule, TargetName } from './authorise.ts';
import type { Context } from './context.ts';

/** Methods a route may have. HEAD is asked for by name, nothing answers it by itself (R3). */
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';

/** The parameters a path names: `/users/:name/servers/:server` has `name` and `server`. */
export type PathParams<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? { readonly [K in Name]: string } & PathParams<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? { readonly [K in Name]: string }
    : Path extends `${string}*`
      ? { readonly '*': string }
      : unknown;

/** What a handler finds in `query`: the last value of each parameter, always text. */
export type QueryOf<Q> = Q extends OptionsSchema ? Options<Q> : Readonly<Record<string, string | undefined>>;

/** What a handler finds in `body`. */
export type BodyOf<B> = B extends OptionSchema ? Value<B> : JsonValue | undefined;

/** Who may use the route: there is no route without one of these lines (design section 7). */
export type WhoMay<Path extends string> =
  | {
      /** Scopes any one of which suffices. */
      readonly scope: ScopeRule;
      /** What the scope must reach: named by the path, `'list'` (R129), or without it the whole hub (R127). */
      readonly on?: ((request: { readonly params: PathParams<Path> }) => TargetName) | 'list';
      readonly identity?: never;
    }
  | {
      /**
       * `'anyone'`, a signed-in `'user'`, or `'any'` identity, services too. `'unasked'`: anyone, and nobody is
       * looked up; there is nothing a foreign page could do in somebody's name, so no XSRF check either (R24).
       */
      readonly identity: 'anyone' | 'user' | 'any' | 'unasked';
      readonly scope?: never;
      readonly on?: never;
    };

/** The body of an answer: the name of a model, sent as JSON; another media type; or `null` for none. */
export type AnswerBody = string | null | { readonly type: string; readonly model?: string };

/** By status; `'4XX'` where a plugin chooses it. */
export type Answers = { readonly [status: number]: AnswerBody; readonly '4XX'?: AnswerBody };

/** A route besides its method and path. */
export type RouteDefinition<Path extends string, Q, B> = WhoMay<Path> & {
  /** One line for the generated API description. */
  readonly summary?: string;
  /** For the same: groups routes. */
  readonly tags?: readonly string[];
  /** For the same: every status it answers with. What may happen to any request is added there. */
  readonly answers?: Answers;
  readonly query?: Q;
  /** Schema of a JSON body; checked after the scope (R128). */
  readonly body?: B;
  /** Schemas of what the handler checks by itself, with words of its own. */
  readonly accepts?: { readonly query?: OptionsSchema; readonly body?: OptionsSchema };
  /** An empty or `null` body is accepted too, and is `undefined` for the handler (R14). */
  readonly bodyOptional?: boolean;
  /** `'form'`: fields and files of a form (pages, unless told); `'json'` (the API, unless told); `'bytes'`: as it came. */
  readonly reads?: 'json' | 'form' | 'bytes';
  /** Bytes a body may have, when not 1 MB. */
  readonly bodyLimit?: number;
  /** Parameters that may be empty (R1): elsewhere `/users/` is not found. */
  readonly mayBeEmpty?: readonly string[];
  /** `'deferred'`: the handler calls `context.checkXsrf()` itself (R29); `false`: signed by other means. */
  readonly xsrf?: 'deferred' | false;
  /** Pages that take tokens too: `user/…` and `metrics` (R9). The API always does. */
  readonly tokens?: boolean;
  /** `false`: a page refuses strangers with 403 instead of sending them to the login page (W19). */
  readonly login?: boolean;
  /** `false`: requests do not count as activity (W41). */
  readonly activity?: boolean;
  /** `false`: authenticators are not asked whether the caller still is who they were (P125): who leaves may leave. */
  readonly refresh?: boolean;
  /** The handler shows the caller: the user of a token is read together with the token. */
  readonly callerDetails?: boolean;
  /** Its successes are logged at debug level (P732). */
  readonly quiet?: boolean;
  handle(
    context: Context<
      PathParams<Path>,
      QueryOf<Q>,
      B extends OptionSchema ? BodyOf<B> : JsonValue | undefined
    >,
  ): Promise<Answer> | Answer;
};

/** Where a route hangs and how it speaks: JSON below `{H}api`, or pages below `H` or the base path. */
export type Mount = 'api' | 'hub' | 'base';

/** What is kept of a route: for the list every test of completeness reads, and for the API description. */
export interface RegisteredRoute {
  readonly method: Method;
  /** Whole path with prefix. */
  readonly url: string;
  readonly mount: Mount;
  readonly surface: 'page' | 'api';
  readonly definition: RouteDefinition<string, unknown, unknown>;
}

/** Registers routes below one mount. */
export interface Routes {
  route<
    const Path extends string,
    const Q extends OptionsSchema | undefined = undefined,
    const B extends OptionSchema | undefined = undefined,
  >(method: Method | readonly Method[], path: Path, definition: RouteDefinition<Path, Q, B>): void;
}

/** Does a route say who may use it? The types ask for it; a test asks again. */
export function saysWhoMay({ definition }: RegisteredRoute): boolean {
  return (definition.scope?.anyOf.length ?? 0) > 0 || definition.identity !== undefined;
}
