import { type OptionSchema, type PluginInstance, spawnerOptions } from '../plugin/index.ts';
import { checkOptions } from './check-options.ts';

type Values = Readonly<Record<string, unknown>>;

/** They count before anybody may change a launch: the token is made first (P220). */
const scopeOptions = ['serverTokenScopes', 'oauthClientAllowedScopes'];

/** What is wrong with options that shall take the place of this spawner's own; `where` begins each sentence. */
export function overrideProblems(plugin: PluginInstance, values: Values, where: string): readonly string[] {
  const fixed = Object.keys(values).filter((name) => isFixed(plugin, name));
  const others = Object.fromEntries(Object.entries(values).filter(([name]) => !fixed.includes(name)));
  // A partial set: what else the plugin requires stands in its own options.
  const { problems } = checkOptions(
    { type: 'object', properties: Object.fromEntries(differing(plugin)) },
    withoutDeletions(others),
    where,
  );
  return [...fixed.map((name) => `${where}: "${name}" cannot differ by launch.`), ...problems];
}

/** The same for a hub of several spawners, of which a launch may be by any: at least one must take each option. */
export function sharedOverrideProblems(
  plugins: readonly PluginInstance[],
  values: Values,
  where: string,
): readonly string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const knowing = plugins.filter((plugin) => mayDiffer(plugin, name));
    const asked = knowing.length > 0 ? knowing : plugins.slice(0, 1);
    const found = asked.flatMap((plugin) => overrideProblems(plugin, { [name]: value }, where));
    return [...new Set(found)];
  });
}

/** Is it an option of this spawner that may be another one for a launch? */
export function mayDiffer(plugin: PluginInstance, name: string): boolean {
  return differing(plugin).some(([one]) => one === name);
}

function isFixed(plugin: PluginInstance, name: string): boolean {
  return Object.hasOwn(schemaOf(plugin), name) && !mayDiffer(plugin, name);
}

function differing(plugin: PluginInstance): readonly (readonly [string, OptionSchema])[] {
  return Object.entries(schemaOf(plugin)).filter(
    ([name, { perLaunch }]) => perLaunch && !scopeOptions.includes(name),
  );
}

function schemaOf({ schema }: PluginInstance): Readonly<Record<string, OptionSchema>> {
  return { ...spawnerOptions, ...schema.properties };
}

/** `null` in a map deletes a key of the spawner's own (P231). */
function withoutDeletions(options: Values): Values {
  const cleaned = Object.entries(options).map(([name, value]) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [name, value] as const;
    return [name, Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null))] as const;
  });
  return Object.fromEntries(cleaned);
}
