import type { Authenticator, Awaitable } from '@hub/core/plugin';

/** An authenticator ready for use. */
export interface AuthenticatorUnderTest {
  readonly authenticator: Authenticator;
  /** Form fields that it accepts; needed while `supports.form` is true. */
  readonly valid?: Readonly<Record<string, string>>;
  /** Form fields of somebody it knows, with a wrong secret; needed while `supports.refusal` is true. */
  readonly wrong?: Readonly<Record<string, string>>;
  /** Called when a case is over. */
  dispose?(): Awaitable<void>;
}

/** What an authenticator can do; what it cannot shows as skipped. */
export interface AuthenticatorSupports {
  /** Somebody signs in by a form (true). Those that lead away to a provider do not. */
  readonly form?: boolean;
  /** It refuses anybody at all (true). */
  readonly refusal?: boolean;
}

/** `it` of vitest, `node:test`, mocha or jasmine. */
export interface AuthenticatorTestFunction {
  (name: string, run: () => Promise<void>): unknown;
  skip?(name: string, run: () => Promise<void>): unknown;
}

/** One promise of an authenticator. */
export interface AuthenticatorCase {
  readonly name: string;
  readonly needs?: keyof AuthenticatorSupports;
  run(subject: Subject): Promise<void>;
}

/** What a case works with. */
export interface Subject {
  readonly authenticator: Authenticator;
  readonly valid: Readonly<Record<string, string>>;
  readonly wrong: Readonly<Record<string, string>>;
}
