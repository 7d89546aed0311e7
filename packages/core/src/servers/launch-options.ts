import { DeadlineError, withDeadline } from '../kernel/index.ts';
import {
  type ForLaunch,
  HubError,
  isHubError,
  isSpawnRefusal,
  type LaunchView,
  type OptionSchema,
  spawnRefusal,
} from '../plugin/index.ts';
import { byteSize } from './byte-size.ts';
import type { ServersContext } from './context.ts';
import { fromUser, isMap, type LaunchOverrides, mergedInto, type OverrideLayer } from './overrides.ts';
import type { SpawnerInstance, SpawnerOptions } from './spawners.ts';

/** Options of a spawner for one launch: no functions, and sizes in bytes. */
export interface LaunchOptions {
  /** Those every spawner has. */
  readonly common: ForLaunch<SpawnerOptions>;
  /** All that may differ by launch, the spawner's own included. */
  readonly all: Readonly<Record<string, unknown>>;
}

/** Scopes are worked out first: the token is made before anybody may change a launch (P220). */
export type LaunchScopes = Pick<LaunchOptions['common'], 'serverTokenScopes' | 'oauthClientAllowedScopes'>;

type Values = Readonly<Record<string, unknown>>;
type WorkOutContext = Pick<ServersContext, 'clock' | 'events'> & {
  readonly settings: Pick<ServersContext['settings'], 'hookTimeout'>;
};

const scopeOptions = ['serverTokenScopes', 'oauthClientAllowedScopes'] as const;

/** Scopes of the server's token and of its OAuth client (P234, P235). Throws like {@link launchOptions}. */
export async function launchScopes(
  context: WorkOutContext,
  spawner: SpawnerInstance,
  launch: LaunchView,
): Promise<LaunchScopes> {
  const values = await workedOut(context, spawner, launch, pick(spawner.options, scopeOptions));
  check(spawner, values);
  // Checked against the very schema this type is made from.
  return values as LaunchScopes;
}

/**
 * Works out the options of one launch: what the configuration says, changed by `layers` in their order, functions
 * called. Throws a refusal for what a user chose wrongly (P232), and a HubError that names spawner and option where
 * a function or an override is of the wrong type.
 */
export async function launchOptions(
  context: WorkOutContext,
  spawner: SpawnerInstance,
  launch: LaunchView,
  layers: readonly OverrideLayer[],
  scopes: LaunchScopes,
): Promise<LaunchOptions> {
  const differing = Object.keys(spawner.schema).filter((name) => mayDiffer(spawner, name));
  const values = new Map(Object.entries(pick(spawner.given, differing)));
  for (const layer of layers) {
    const wanted = await workedOut(context, spawner, launch, wantedBy(layer, spawner, launch));
    if (layer.ofUser) refuseWrongChoice(spawner, wanted);
    for (const [name, value] of Object.entries(wanted)) {
      const before = isMap(value)
        ? await workedOut(context, spawner, launch, { [name]: values.get(name) })
        : {};
      values.set(name, mergedInto(before[name], value));
    }
  }
  const worked = await workedOut(context, spawner, launch, Object.fromEntries(values));
  check(spawner, worked);
  const all = { ...normalised(worked), ...scopes };
  return { all, common: { ...spawner.options, ...all } as LaunchOptions['common'] };
}

/** Options of a layer, without those nobody knows; throws for those that cannot differ. */
function wantedBy(layer: OverrideLayer, spawner: SpawnerInstance, launch: LaunchView): LaunchOverrides {
  const values = layer.ofUser ? fromUser(layer.values, spawner.schema) : layer.values;
  for (const name of Object.keys(values)) {
    if (mayDiffer(spawner, name)) continue;
    const why = name in spawner.schema ? 'cannot differ by launch' : `is none of the spawner "${spawner.id}"`;
    throw new HubError('HUB_CONFIG_INVALID', `${layer.from}: the option "${name}" ${why}.`, {
      hint: `Those that can: ${Object.keys(spawner.schema)
        .filter((one) => mayDiffer(spawner, one))
        .join(', ')}. For ${launch.user.name} nothing was started.`,
    });
  }
  return values;
}

function mayDiffer({ schema }: SpawnerInstance, name: string): boolean {
  return (
    Object.hasOwn(schema, name) &&
    schema[name]?.perLaunch === true &&
    !scopeOptions.some((scope) => scope === name)
  );
}

/** Calls the functions among `values`, each in its time. */
async function workedOut(
  context: WorkOutContext,
  spawner: SpawnerInstance,
  launch: LaunchView,
  values: Values,
): Promise<Values> {
  const call = (path: string, work: (launch: LaunchView) => unknown) =>
    callOption(context, spawner, launch, path, work);
  const entries: [string, unknown][] = [];
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    entries.push([name, await workedOutOne(spawner.schema[name] ?? {}, value, name, call)]);
  }
  return Object.fromEntries(entries);
}

type Call = (path: string, work: (launch: LaunchView) => unknown) => Promise<unknown>;

/** Only where the schema says so is a function one of the launch; elsewhere it is a hook, or found wrong by the check. */
async function workedOutOne(
  schema: OptionSchema,
  given: unknown,
  path: string,
  call: Call,
): Promise<unknown> {
  const value =
    schema.perLaunch && typeof given === 'function'
      ? await call(path, given as (launch: LaunchView) => unknown)
      : given;
  if (!isMap(value) || schema.hook) return value;
  const rest = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {};
  const entries = Object.entries(value).map(async ([name, one]) => {
    return [
      name,
      await workedOutOne(schema.properties?.[name] ?? rest, one, `${path}.${name}`, call),
    ] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function callOption(
  { clock, events, settings }: WorkOutContext,
  spawner: SpawnerInstance,
  launch: LaunchView,
  path: string,
  work: (launch: LaunchView) => unknown,
): Promise<unknown> {
  const what = `The option "${path}" of ${spawner.name} (${spawner.id})`;
  const overdue = () => void events.emit('pluginOverdue', { plugin: spawner.name, call: `option ${path}` });
  try {
    return await withDeadline(
      clock,
      what,
      settings.hookTimeout,
      launch.signal,
      async (signal) => work({ ...launch, signal }),
      overdue,
    );
  } catch (error) {
    if (launch.signal.aborted || error instanceof DeadlineError) throw error;
    if (isSpawnRefusal(error) || isHubError(error)) throw error;
    throw new HubError('HUB_PLUGIN_FAILED', `${what} could not be worked out for ${launch.user.name}.`, {
      cause: error,
    });
  }
}

function check(spawner: SpawnerInstance, values: Values): void {
  const problems = spawner.problems(values);
  if (problems.length === 0) return;
  throw new HubError('HUB_CONFIG_INVALID', problems.join(' '), {
    problems,
    hint: 'A function of the configuration, or an override, came to a value of the wrong type.',
  });
}

/** P232: a value that does not fit was chosen by somebody, not configured. */
function refuseWrongChoice(spawner: SpawnerInstance, values: Values): void {
  const problems = spawner.problems(values);
  if (problems.length === 0) return;
  throw spawnRefusal('Invalid user options', { reason: 'options', logMessage: problems.join(' ') });
}

function normalised(values: Values): Values {
  const { memLimit, memGuarantee, hubConnectUrl } = values;
  return {
    ...values,
    ...inBytes({ memLimit, memGuarantee }),
    ...(typeof hubConnectUrl === 'string' ? { hubConnectUrl: hubConnectUrl.replace(/\/$/, '') } : {}),
  };
}

function inBytes(sizes: Values): Values {
  return Object.fromEntries(
    Object.entries(sizes).flatMap(([name, size]) =>
      typeof size === 'string' || typeof size === 'number' ? [[name, byteSize(size)]] : [],
    ),
  );
}

function pick(values: Values, names: readonly string[]): Values {
  return Object.fromEntries(names.flatMap((name) => (name in values ? [[name, values[name]]] : [])));
}
