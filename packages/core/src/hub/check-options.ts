import { Ajv, type ErrorObject } from 'ajv';
import addFormats from 'ajv-formats';
import { distance } from 'fastest-levenshtein';
import {
  isPluginInstance,
  type OptionSchema,
  type OptionsSchema,
  type PluginInstance,
  pluginApi,
} from '../plugin/index.ts';

/** Options with defaults filled in, or what is wrong with them. */
export interface Checked {
  readonly options: Readonly<Record<string, unknown>>;
  readonly problems: readonly string[];
}

/**
 * Checks options against their schema and fills in defaults. `where` begins each problem. What the user wrote is
 * left as it is: the checked options are a copy, functions included.
 */
export function checkOptions(
  schema: OptionsSchema,
  given: Readonly<Record<string, unknown>>,
  where: string,
): Checked {
  const options = copy(given) as Record<string, unknown>;
  const validate = newAjv({ useDefaults: true }).compile(forAjv({ additionalProperties: false, ...schema }));
  const problems = validate(options) ? [] : sentences(validate.errors, where);
  return { options, problems };
}

/**
 * Looks at values that were worked out for one launch: any part of the options, functions of the launch no longer
 * allowed. Problems name what `where` says and the option.
 */
export function launchCheck(
  schema: Readonly<Record<string, OptionSchema>>,
  where: string,
): (values: Readonly<Record<string, unknown>>) => readonly string[] {
  const properties = Object.fromEntries(
    Object.entries(schema).map(([name, one]) => [name, forAjv(one, true)]),
  );
  const validate = newAjv({ useDefaults: false }).compile({
    type: 'object',
    properties,
    additionalProperties: false,
  });
  return (values) => (validate(values) ? [] : sentences(validate.errors, where));
}

/** Checks one plugin: its mark, the version of the interfaces, its options. */
export function checkPlugin(
  plugin: unknown,
  index: number,
): Checked & { readonly plugin: PluginInstance | null } {
  if (!isPluginInstance(plugin)) {
    const hint = typeof plugin === 'function' ? ' It is a function: call it, as in `localSpawner()`.' : '';
    return { plugin: null, options: {}, problems: [`plugins[${index}] is not a plugin.${hint}`] };
  }
  if (plugin.api !== pluginApi) {
    const problem = `${plugin.name} is written for version ${plugin.api} of the plugin interfaces, this hub has ${pluginApi}. Install a version of it that fits.`;
    return { plugin, options: {}, problems: [problem] };
  }
  return { plugin, ...checkOptions(plugin.schema, plugin.options, `${plugin.name} (${plugin.id})`) };
}

function newAjv({ useDefaults }: { readonly useDefaults: boolean }): Ajv {
  const ajv = new Ajv({ allErrors: true, useDefaults, strict: false, verbose: true });
  addFormats.default(ajv, ['uri', 'email', 'hostname', 'ipv4', 'ipv6', 'regex']);
  ajv.addKeyword({
    keyword: 'isFunction',
    validate: (_: unknown, value: unknown) => typeof value === 'function',
  });
  return ajv;
}

/**
 * Functions are options too: wherever a schema says so, a function passes and everything else is checked as written.
 * `worked`: those of the launch were called, so none is left.
 */
function forAjv(schema: OptionSchema, worked = false): object {
  const {
    perLaunch,
    hook,
    secret: _secret,
    properties,
    items,
    additionalProperties,
    anyOf,
    ...rest
  } = schema;
  const own: Record<string, unknown> = { ...rest };
  if (properties)
    own.properties = Object.fromEntries(
      Object.entries(properties).map(([name, one]) => [name, forAjv(one, worked)]),
    );
  if (items) own.items = forAjv(items, worked);
  if (anyOf) own.anyOf = anyOf.map((one) => forAjv(one, worked));
  if (additionalProperties !== undefined) {
    own.additionalProperties =
      typeof additionalProperties === 'object' ? forAjv(additionalProperties, worked) : additionalProperties;
  } else if (properties) own.additionalProperties = false;
  if (hook) return { isFunction: true };
  if (!perLaunch || worked) return own;
  const { default: fallback, ...value } = own;
  // ajv fills in defaults only outside anyOf and if.
  return {
    ...(fallback === undefined ? {} : { default: fallback }),
    if: { not: { isFunction: true } },
    then: value,
  };
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copy(one)]));
}

function sentences(errors: readonly ErrorObject[] | null | undefined, where: string): readonly string[] {
  return [...new Set((errors ?? []).flatMap((error) => sentence(error, where)))];
}

function sentence(error: ErrorObject, where: string): readonly string[] {
  const path = error.instancePath.replaceAll('/', '.').replace(/^\./, '');
  const named = path === '' ? where : `${where}: ${path}`;
  switch (error.keyword) {
    case 'additionalProperties':
      return [
        `${named}: unknown option "${String(error.params.additionalProperty)}"${nearest(error) || '.'}`,
      ];
    case 'required':
      return [`${named}: the option "${String(error.params.missingProperty)}" is missing.`];
    case 'if':
      return []; // the error below it says what is wrong
    case 'enum':
      return [
        `${named} must be one of ${(error.params.allowedValues as readonly unknown[]).map((one) => JSON.stringify(one)).join(', ')}.`,
      ];
    default:
      return [`${named} ${error.message ?? 'is not valid'}.`];
  }
}

/** `commnad` → did you mean "command"? */
function nearest(error: ErrorObject): string {
  const wrong = String(error.params.additionalProperty).toLowerCase();
  const schema: unknown = error.parentSchema;
  if (typeof schema !== 'object' || schema === null || !('properties' in schema)) return '';
  const known = Object.keys(schema.properties as object);
  const close = known.find((name) => distance(name.toLowerCase(), wrong) <= 2);
  return close === undefined ? '' : `, did you mean "${close}"?`;
}
