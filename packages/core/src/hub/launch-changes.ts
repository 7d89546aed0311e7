import {
  type Awaitable,
  HubError,
  isHubError,
  isSpawnRefusal,
  type JsonObject,
  type LaunchView,
  type Logger,
  spawnRefusal,
} from '../plugin/index.ts';
import type { LaunchOverrides, OverrideLayer } from '../servers/index.ts';
import type { GroupOverrides, HubHooks } from './hooks.ts';

/** What the hooks are called with, each in its time. */
interface ChangeParts {
  readonly hooks: HubHooks;
  readonly within: <T>(what: string, work: () => Awaitable<T>) => Promise<T>;
  readonly log: Logger;
}

/**
 * What the hooks of the configuration want of a launch, in the order of P220: auth_state, groups, chosen options, and
 * the last word. Throws what a hook throws.
 */
export async function launchChanges(
  parts: ChangeParts,
  launch: LaunchView,
  authState: () => Promise<JsonObject | null>,
): Promise<readonly OverrideLayer[]> {
  const { hooks, within } = parts;
  const layers: OverrideLayer[] = [];
  const add = (from: string, values: unknown, ofUser = false) => {
    if (values === undefined || values === null) return;
    layers.push({ from, values: overridesOf(from, values), ofUser });
  };

  const { authState: onAuthState, beforeSpawn } = hooks;
  if (onAuthState) {
    const state = await authState();
    add('hooks.authState', await within('hooks.authState', () => onAuthState(launch, state)));
  }
  for (const [key, overrides] of await ofGroups(parts, launch)) add(`hooks.groupOverrides.${key}`, overrides);
  add('hooks.applyUserOptions', await chosen(parts, launch), true);
  if (beforeSpawn) add('hooks.beforeSpawn', await within('hooks.beforeSpawn', () => beforeSpawn(launch)));
  return layers;
}

/** P231: in lexical order of the keys, of those that name any group of the user. */
async function ofGroups(
  { hooks: { groupOverrides = {} }, within }: ChangeParts,
  launch: LaunchView,
): Promise<readonly (readonly [string, LaunchOverrides])[]> {
  const all: GroupOverrides =
    typeof groupOverrides === 'function'
      ? await within('hooks.groupOverrides', () => groupOverrides(launch))
      : groupOverrides;
  const mine = new Set(launch.user.groups);
  return Object.entries(all)
    .filter(([, { groups }]) => groups.some((group) => mine.has(group)))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { overrides }]) => [key, overrides] as const);
}

/** P232: any fault of the function but a refusal is the user's, who chose what it could not deal with. */
async function chosen(
  { hooks: { applyUserOptions }, within, log }: ChangeParts,
  launch: LaunchView,
): Promise<unknown> {
  const { userOptions } = launch;
  if (applyUserOptions === undefined || Object.keys(userOptions).length === 0) return undefined;
  if (typeof applyUserOptions === 'function') {
    try {
      return await within('hooks.applyUserOptions', () => applyUserOptions(userOptions, launch));
    } catch (error) {
      if (isSpawnRefusal(error) || isHubError(error)) throw error;
      launch.log.warn({ err: error }, 'options that were chosen could not be applied');
      throw spawnRefusal('Invalid user options', { reason: 'options' });
    }
  }
  const known = Object.entries(userOptions).filter(([name]) => Object.hasOwn(applyUserOptions, name));
  const unknown = Object.keys(userOptions).filter((name) => !Object.hasOwn(applyUserOptions, name));
  if (unknown.length > 0) {
    log.warn(
      { user: launch.user.name, options: unknown.slice(0, 20) },
      'chosen options that nothing applies',
    );
  }
  return Object.fromEntries(known.map(([name, value]) => [applyUserOptions[name] ?? name, value]));
}

function overridesOf(from: string, values: unknown): LaunchOverrides {
  if (typeof values === 'object' && !Array.isArray(values)) return values as LaunchOverrides;
  throw new HubError('HUB_CONFIG_INVALID', `${from} must answer with a map of options, or with nothing.`);
}
