import {
  HubError,
  type JsonValue,
  type OptionSchema,
  type Options,
  type OptionsSchema,
  type Spawner,
  spawnerOptions,
  token,
} from '../plugin/index.ts';

const commonSchema = { type: 'object', properties: spawnerOptions } as const satisfies OptionsSchema;

/** The options every spawner has, defaults filled in. */
export type SpawnerOptions = Options<typeof commonSchema>;

/** One spawner of the configuration. */
export interface SpawnerInstance {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly driver: Spawner<JsonValue>;
  readonly options: SpawnerOptions;
  /** All its options by name, those of its own included: how they are described, and what the configuration says. */
  readonly schema: Readonly<Record<string, OptionSchema>>;
  readonly given: Readonly<Record<string, unknown>>;
  /** What is wrong with values of options that were worked out for a launch: a sentence each. */
  problems(values: Readonly<Record<string, unknown>>): readonly string[];
}

/** The spawners of a hub by id; the first is the one used unless something else is chosen. */
export interface Spawners {
  readonly all: readonly SpawnerInstance[];
  readonly first: SpawnerInstance;
  /** Throws when rows refer to one the configuration lacks. */
  get(id: string): SpawnerInstance;
  has(id: string): boolean;
}
export const Spawners = token<Spawners>('Spawners');

/** Collects the instances of a configuration. */
export function spawners(all: readonly SpawnerInstance[]): Spawners {
  const byId = new Map(all.map((instance) => [instance.id, instance]));
  return {
    all,
    get first() {
      const first = all[0];
      if (!first)
        throw new HubError('HUB_CONFIG_INVALID', 'No spawner is configured.', {
          hint: 'Add one to `plugins`.',
        });
      return first;
    },
    get(id) {
      const instance = byId.get(id);
      if (instance) return instance;
      throw new HubError(
        'HUB_UNAVAILABLE',
        `The spawner "${id}" this server was started with is not configured.`,
        {
          hint: 'Add it to `plugins` again, with this id.',
          expose: true,
        },
      );
    },
    has: (id) => byId.has(id),
  };
}
