import type { FormSchema, OptionsInput, OptionsSchema, PluginInstance } from '../plugin/index.ts';
import { Spawner } from '../plugin/index.ts';
import { formProblems, type LaunchOverrides, type Profile, type Profiles } from '../servers/index.ts';
import { checkOptions } from './check-options.ts';
import { overrideProblems } from './override-problems.ts';

const profileSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'name'],
  properties: {
    id: {
      type: 'string',
      pattern: '^[a-z0-9]+(-[a-z0-9]+)*$',
      maxLength: 64,
      description: 'What is stored and sent as `profile`: `gpu`.',
    },
    name: { type: 'string', minLength: 1, maxLength: 255, description: 'What people read.' },
    description: { type: 'string', default: '', description: 'A sentence below the name.' },
    spawner: { type: 'string', default: '', description: 'Id of a spawner. Empty: the first.' },
    options: {
      type: 'object',
      additionalProperties: true,
      default: {},
      description: 'Options of the spawner that are other ones with this profile; any marked as per launch.',
    },
    groups: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      description: 'Offered to members of these groups.',
    },
    users: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      description: 'Offered to these users. Without `groups` and `users`: to everybody.',
    },
    default: {
      type: 'boolean',
      default: false,
      description: 'Taken where nothing is chosen; else the first that is offered is.',
    },
    form: {
      anyOf: [{ type: 'object', additionalProperties: true }, { type: 'null' }],
      description: "Asked in place of the spawner's own form: a JSON Schema; `null` asks nothing.",
    },
  },
} as const satisfies OptionsSchema;

const profilesSchema = {
  type: 'object',
  properties: { profiles: { type: 'array', items: profileSchema, default: [] } },
} as const satisfies OptionsSchema;

/** A profile as the configuration has it. */
export type ProfileConfig = Omit<OptionsInput<typeof profileSchema>, 'options' | 'form'> & {
  readonly options?: LaunchOverrides | undefined;
  readonly form?: FormSchema | null | undefined;
};

/** Checks profiles against the spawners they name, and names every mistake at once. */
export function checkProfiles(
  given: readonly ProfileConfig[] | undefined,
  plugins: readonly PluginInstance[],
): { readonly profiles: Profiles; readonly problems: readonly string[] } {
  if (given === undefined) return { profiles: [], problems: [] };
  const shape = checkOptions(profilesSchema, { profiles: given }, 'configuration');
  if (shape.problems.length > 0) return { profiles: [], problems: shape.problems };
  const spawners = plugins.filter(({ provides }) => provides === Spawner);
  const stated = given.map((profile) => ({
    ...profile,
    spawner: profile.spawner || (spawners[0]?.id ?? ''),
  }));
  const problems = [
    ...twice(stated.map(({ id }) => id)),
    ...defaults(stated),
    ...stated.flatMap((profile, index) =>
      profileProblems(profile, `profiles[${index}] (${profile.id})`, spawners),
    ),
  ];
  return { profiles: stated.map(asProfile), problems };
}

function asProfile(given: ProfileConfig & { readonly spawner: string }): Profile {
  const { id, name, description = '', spawner, options = {}, groups, users, form } = given;
  return {
    id,
    name,
    description,
    spawner,
    options,
    for: groups || users ? { groups: groups ?? [], users: users ?? [] } : null,
    isDefault: given.default ?? false,
    form,
  };
}

function twice(ids: readonly string[]): readonly string[] {
  const repeated = new Set(ids.filter((id, index) => ids.indexOf(id) !== index));
  return [...repeated].map((id) => `profiles: two have the id "${id}"; give one another.`);
}

function defaults(stated: readonly ProfileConfig[]): readonly string[] {
  const some = stated.filter((profile) => profile.default === true && !profile.groups && !profile.users);
  if (some.length < 2) return [];
  return [`profiles: ${some.map(({ id }) => `"${id}"`).join(' and ')} are both the default for everybody.`];
}

function profileProblems(
  { spawner, options = {}, form }: ProfileConfig & { readonly spawner: string },
  where: string,
  spawners: readonly PluginInstance[],
): readonly string[] {
  const plugin = spawners.find(({ id }) => id === spawner);
  const ids = spawners.map(({ id }) => `"${id}"`).join(', ');
  return [
    ...(plugin
      ? overrideProblems(plugin, options, `${where}.options`)
      : [`${where}: there is no spawner "${spawner}"; those there are: ${ids}.`]),
    ...(form ? formProblems(form, `${where}.form`) : []),
  ];
}
