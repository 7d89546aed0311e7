import type { OptionSchema, OptionsInput, spawnerOptions } from '../plugin/index.ts';

type CommonOptions = OptionsInput<{ readonly type: 'object'; readonly properties: typeof spawnerOptions }>;

/**
 * Options of a spawner as a launch shall have them, by name: values, or functions of the launch. Maps are merged
 * into those of the configuration, and `null` in them deletes a key; anything else replaces (P231). Only options
 * marked `perLaunch` may be named, and not those for scopes, which count before.
 */
export type LaunchOverrides = Readonly<Record<string, unknown>> &
  Partial<Omit<CommonOptions, 'environment' | 'serverTokenScopes' | 'oauthClientAllowedScopes'>> & {
    readonly environment?: Readonly<Record<string, unknown>>;
  };

/** What one of those who may change a launch wants. */
export interface OverrideLayer {
  /** Who wants it, for the log: `hooks.beforeSpawn`. */
  readonly from: string;
  readonly values: LaunchOverrides;
  /** Values somebody chose: texts of a form become numbers and truths, and a wrong one is refused with 400 (P232). */
  readonly ofUser: boolean;
}

/** `value` in the place of `before`, or merged into it where both are maps. */
export function mergedInto(before: unknown, value: unknown): unknown {
  if (!isMap(value) || !isMap(before)) return value;
  const result = new Map(Object.entries(before));
  for (const [name, one] of Object.entries(value)) {
    if (one === null) result.delete(name);
    else result.set(name, mergedInto(result.get(name), one));
  }
  return Object.fromEntries(result);
}

/** Is it a map of names to values, and neither a list nor something of a class? */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Chosen values as their options want them: forms know texts only. What does not fit stays, and is found so. */
export function fromUser(
  values: LaunchOverrides,
  schema: Readonly<Record<string, OptionSchema>>,
): LaunchOverrides {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, coerced(value, schema[name] ?? {})]),
  );
}

function coerced(value: unknown, schema: OptionSchema): unknown {
  const types = new Set([schema, ...(schema.anyOf ?? [])].map(({ type }) => type));
  const [only, ...more] = Array.isArray(value) ? value : [];
  const one = Array.isArray(value) && more.length === 0 && !types.has('array') ? only : value;
  if (typeof one !== 'string') return one;
  if (types.has('boolean') && /^(true|on|1|yes)$/i.test(one)) return true;
  if (types.has('boolean') && /^(false|off|0|no|)$/i.test(one)) return false;
  const isNumber = types.has('number') || types.has('integer');
  return isNumber && !types.has('string') && /^-?\d+(\.\d+)?$/.test(one) ? Number(one) : one;
}
