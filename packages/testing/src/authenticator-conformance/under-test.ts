import type { Authenticator, Awaitable, Identity, PluginInstance } from '@hub/core/plugin';

/** An authenticator ready for use. */
export interface AuthenticatorUnderTest {
  /** A plugin as it stands in a configuration, or what such a one made. */
  readonly authenticator: Authenticator | PluginInstance<Authenticator>;
  /** Form fields that it accepts; needed while `supports.form` is true. */
  readonly valid?: Readonly<Record<string, string>>;
  /** Form fields of somebody it knows, with a wrong secret; needed while `supports.refusal` is true. */
  readonly wrong?: Readonly<Record<string, string>>;
  /** How the same person gets in each time where no form does, such as through the flow with a provider. */
  identify?(): Promise<Identity>;
  /** All it logged so far. A plugin that is made here has its log watched anyway. */
  logged?(): readonly unknown[];
  /** What must never be seen: a client secret, the password of a directory. */
  readonly secrets?: readonly string[];
  /** The hub is to manage groups by what it says (`signIn.manageGroups`): every answer then names them (P126, P135). */
  readonly managesGroups?: boolean;
  /** Called when a case is over. */
  dispose?(): Awaitable<void>;
}

/** What an authenticator can do; what it cannot shows as skipped. */
export interface AuthenticatorSupports {
  /** Somebody signs in by a form (true). Those that lead away to a provider do not. */
  readonly form?: boolean;
  /** It refuses anybody at all (as `form`). */
  readonly refusal?: boolean;
  /** The factory can get somebody in: by `valid` fields or by `identify` (as `form`). */
  readonly identity?: boolean;
  /** It has `refresh`. Not declared: whether it is there tells. */
  readonly refresh?: boolean;
  /** It has `routes`. Not declared: whether they are there tells. */
  readonly routes?: boolean;
}

/** What a suite may be told besides. */
export interface AuthenticatorConformanceOptions {
  readonly supports?: AuthenticatorSupports;
  /** How long the hub waits for an answer (30). */
  readonly limitSeconds?: number;
}

/** `it` of vitest, `node:test`, mocha or jasmine. */
export interface AuthenticatorTestFunction {
  (name: string, run: () => Promise<void>): unknown;
  skip?(name: string, run: () => Promise<void>): unknown;
}

/** One promise of an authenticator. */
export interface AuthenticatorCase {
  readonly name: string;
  /** What must be supported for it. */
  readonly needs?: keyof AuthenticatorSupports;
  run(subject: Subject): Promise<void>;
}

/** What a case works with. */
export interface Subject {
  readonly authenticator: Authenticator;
  readonly valid: Readonly<Record<string, string>>;
  readonly wrong: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly managesGroups: boolean;
  readonly limitSeconds: number;
  /** Fills in a form; fails when there is no answer in time. */
  enter(data: Readonly<Record<string, string>>): Promise<Identity | null>;
  /** Gets the person in whom the factory knows. */
  identify(): Promise<Identity>;
  logged(): readonly unknown[];
}
