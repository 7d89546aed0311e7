import type { JsonValue } from './json.ts';
import type { LaunchView } from './spawner.ts';

/**
 * The part of JSON Schema a plugin may describe its options with. The same literal validates the options at
 * start, types them for the author (defaults present) and for the user (defaults optional), and documents them.
 */
export interface OptionSchema {
  readonly type?: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'null';
  readonly description?: string;
  readonly default?: JsonValue;
  readonly enum?: readonly JsonValue[];
  readonly const?: JsonValue;
  readonly anyOf?: readonly OptionSchema[];
  readonly items?: OptionSchema;
  readonly properties?: Readonly<Record<string, OptionSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | OptionSchema;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  /**
   * The value may also be a function of the launch, and groups, chosen options and hooks may change it: a spawner
   * reads it by `launch.resolve(options)`.
   */
  readonly perLaunch?: boolean;
  /** The value is secret: masked by `hub check`, kept out of every message. */
  readonly secret?: boolean;
  /** Set by {@link hook}: the value is a function. */
  readonly hook?: true;
}

/** The schema of a whole plugin: an object of options. */
export interface OptionsSchema extends OptionSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, OptionSchema>>;
}

declare const hookType: unique symbol;
/** An option whose value is a function of type `F`. */
export interface HookSchema<F> extends OptionSchema {
  readonly hook: true;
  readonly [hookType]?: F;
}

/** An option that takes a function: `properties: { onReady: hook<(user: UserView) => void>('Called when …') }`. */
export function hook<F extends (...args: never[]) => unknown>(description: string): HookSchema<F> {
  return { hook: true, description };
}

type Plain<S> = S extends { readonly [hookType]?: infer F }
  ? NonNullable<F>
  : S extends { readonly const: infer C }
    ? C
    : S extends { readonly enum: readonly (infer E)[] }
      ? E
      : S extends { readonly anyOf: readonly (infer A)[] }
        ? Value<A>
        : S extends { readonly type: 'string' }
          ? string
          : S extends { readonly type: 'number' | 'integer' }
            ? number
            : S extends { readonly type: 'boolean' }
              ? boolean
              : S extends { readonly type: 'null' }
                ? null
                : S extends { readonly type: 'array'; readonly items: infer I }
                  ? readonly Value<I>[]
                  : S extends { readonly type: 'object' }
                    ? Options<S>
                    : JsonValue;

/** What an author finds for one option. */
export type Value<S> = S extends { readonly perLaunch: true } ? Plain<S> | PerLaunch<Plain<S>> : Plain<S>;

/** A value, worked out anew for each launch. */
export type PerLaunch<T> = (launch: LaunchView) => T | Promise<T>;

type AnyFunction = (...args: never[]) => unknown;
/** Options with the functions of the launch worked out; hooks stay what they are. */
export type ForLaunch<O> = {
  readonly [K in keyof O]: O[K] extends AnyFunction ? O[K] : Exclude<O[K], AnyFunction>;
};

type RequiredKeys<S> = S extends { readonly required: readonly (infer K)[] } ? K & string : never;
type Properties<S> = S extends { readonly properties: infer P } ? P : Record<never, never>;
type Rest<S> = S extends { readonly additionalProperties: infer A extends OptionSchema }
  ? { readonly [key: string]: Value<A> }
  : unknown;
type HasDefault<P> = P extends { readonly default: JsonValue } ? true : false;
type Flat<T> = { readonly [K in keyof T]: T[K] };

/** Options as the author's `create` receives them: defaults are filled in. */
export type Options<S> = Flat<
  {
    readonly [K in keyof Properties<S> as K extends RequiredKeys<S>
      ? K
      : HasDefault<Properties<S>[K]> extends true
        ? K
        : never]: Value<Properties<S>[K]>;
  } & {
    readonly [K in keyof Properties<S> as K extends RequiredKeys<S>
      ? never
      : HasDefault<Properties<S>[K]> extends true
        ? never
        : K]?: Value<Properties<S>[K]> | undefined;
  }
> &
  Rest<S>;

/** Options as the user of a plugin writes them: what has a default may be left out. */
export type OptionsInput<S> = Flat<
  {
    readonly [K in keyof Properties<S> as K extends RequiredKeys<S> ? K : never]: InputValue<
      Properties<S>[K]
    >;
  } & {
    readonly [K in keyof Properties<S> as K extends RequiredKeys<S> ? never : K]?:
      | InputValue<Properties<S>[K]>
      | undefined;
  }
> &
  Rest<S>;

type InputValue<S> = S extends { readonly type: 'object'; readonly properties: unknown }
  ? S extends { readonly perLaunch: true }
    ? OptionsInput<S> | PerLaunch<OptionsInput<S>>
    : OptionsInput<S>
  : Value<S>;
