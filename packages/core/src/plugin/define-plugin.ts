import type { Lifecycle } from './common.ts';
import type { Options, OptionsInput, OptionsSchema } from './option-schema.ts';
import type { Token } from './token.ts';

/** The version of these interfaces. A plugin for another one is refused by name. */
export const pluginApi = 1;

type Needs = Readonly<Record<string, Token<unknown>>>;
type Resolved<N> = { readonly [K in keyof N]: N[K] extends Token<infer T> ? T : never };

/** What an author writes to make a plugin. */
export interface PluginDefinition<T, S extends OptionsSchema = OptionsSchema, N extends Needs = Needs> {
  /** The package's name; its last word is the instance's id unless another is given. */
  readonly name: string;
  readonly version?: string;
  /** The version of the interfaces it was written for. */
  readonly api: number;
  /** The token of what it is: `Authenticator`, `Spawner`, `Proxy`, `Service` or `Pages`. */
  readonly provides: Token<T>;
  readonly options: S;
  readonly needs?: N;
  /** Called once per hub, after all options were found right and before anything starts. */
  create(context: PluginContext<S, N>): T;
}

/** What `create` receives: options with defaults, what it needs, and its place in the hub's life. */
export type PluginContext<S, N> = {
  readonly options: Options<S>;
  readonly lifecycle: Lifecycle;
  /** Id of this instance, unique among plugins of its kind. */
  readonly id: string;
} & Resolved<N>;

const mark = Symbol.for('@hub/core:plugin');

/** One plugin as it stands in a configuration. */
export interface PluginInstance<T = unknown> {
  readonly [mark]: true;
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly api: number;
  readonly provides: Token<T>;
  readonly schema: OptionsSchema;
  /** As written; validated by the hub. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly needs: Needs;
  create(context: { readonly options: unknown; readonly lifecycle: Lifecycle; readonly id: string }): T;
}

type Arguments<S> =
  Record<never, never> extends OptionsInput<S>
    ? [options?: OptionsInput<S>, instance?: { readonly id?: string }]
    : [options: OptionsInput<S>, instance?: { readonly id?: string }];

/** Call it to put the plugin into a configuration: `localSpawner({ … })`, `githubAuthenticator({ … }, { id: 'github' })`. */
export type PluginFactory<T, S extends OptionsSchema> = ((...args: Arguments<S>) => PluginInstance<T>) & {
  readonly definition: PluginDefinition<T, S>;
};

/**
 * Turns a definition into what users call.
 *
 * @example
 * export const localSpawner = definePlugin({
 *   name: '@hub/spawner-local', api: 1, provides: Spawner,
 *   options: { type: 'object', properties: { ...spawnerOptions } },
 *   needs: { log: Logger },
 *   create: ({ options, log }) => ({ … }),
 * });
 */
export function definePlugin<T, const S extends OptionsSchema, const N extends Needs = Record<never, never>>(
  definition: PluginDefinition<T, S, N>,
): PluginFactory<T, S> {
  const factory = (options: OptionsInput<S> | undefined, instance: { readonly id?: string } = {}) => ({
    [mark]: true as const,
    id: instance.id ?? defaultId(definition.name),
    name: definition.name,
    version: definition.version ?? 'unknown',
    api: definition.api,
    provides: definition.provides,
    schema: definition.options,
    options: (options ?? {}) as Readonly<Record<string, unknown>>,
    needs: definition.needs ?? {},
    // The hub validates options against the same schema and resolves `needs` before it calls this, which
    // TypeScript cannot follow through the erased PluginInstance.
    create: (context: unknown) => definition.create(context as PluginContext<S, N>),
  });
  return Object.assign(factory as unknown as (...args: Arguments<S>) => PluginInstance<T>, {
    definition: definition as unknown as PluginDefinition<T, S>,
  });
}

/** Is this a plugin instance, whichever copy of the package made it? */
export function isPluginInstance(value: unknown): value is PluginInstance {
  return typeof value === 'object' && value !== null && mark in value;
}

/** `@hub/auth-pam` → `pam`. */
function defaultId(name: string): string {
  return name.split(/[/-]/).at(-1) || name;
}
