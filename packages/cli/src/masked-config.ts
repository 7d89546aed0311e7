import { type Examined, type HubConfig, settingsSchema } from '@hub/core';
import {
  Authenticator,
  type OptionSchema,
  Pages,
  type PluginInstance,
  Proxy as ProxyToken,
  Service,
  Spawner,
} from '@hub/core/plugin';

/** Stands where a secret is. */
const secretMark = '[secret]';
/** Names that hold secrets where no schema says what a value is, such as variables of an environment. */
const secretName = /passw|secret|token|credential|api_?key|private_?key|cookie/i;

/** A configuration in effect, fit to be shown: defaults filled in, secrets masked, functions named as such. */
export function maskedConfig(config: HubConfig, { settings, plugins }: Examined): object {
  const { database, listenUrl } = settings;
  const { services, roles, groups } = config;
  return {
    ...Object(masked(settings, settingsSchema)),
    // Which database it is matters more than any other line; only its password is secret.
    database: masked(database, undefined),
    listenUrl: masked(listenUrl, undefined),
    plugins: plugins.map(({ instance, options }) => ({
      kind: kindOf(instance),
      id: instance.id,
      name: instance.name,
      options: masked(options, instance.schema),
    })),
    services: masked(services ?? [], undefined),
    roles: roles ?? [],
    groups: groups ?? {},
  };
}

/** `value` as JSON; `schema` tells what is secret, names and shapes do where it is silent. */
export function masked(value: unknown, schema: OptionSchema | undefined): unknown {
  if (isSecret(schema)) return isEmpty(value) ? value : secretMark;
  if (typeof value === 'function') return '[function]';
  if (typeof value === 'string') return hidePassword(value);
  if (Array.isArray(value)) return value.map((one) => masked(one, itemSchema(schema)));
  if (typeof value !== 'object' || value === null) return value;
  if (!isPlain(value)) return `[${value.constructor.name}]`;
  const entries = inOrder(value, schema).map(([name, one]) => {
    const known = propertySchema(schema, name);
    const soundsSecret = !known && secretName.test(name) && typeof one === 'string' && one !== '';
    return [name, soundsSecret ? secretMark : masked(one, known ?? restSchema(schema))] as const;
  });
  return Object.fromEntries(entries);
}

/** `postgres://hub:hunter2@db/hub` → `postgres://hub:[secret]@db/hub`, also in the middle of a sentence. */
export function hidePassword(text: string): string {
  return text
    .replaceAll(/([a-z][a-z0-9+.-]*:\/\/[^:@/\s]*):\S*@/gi, `$1:${secretMark}@`)
    .replaceAll(/([?&][^=&\s]*(?:passw|secret|token)[^=&\s]*=)[^&\s]*/gi, `$1${secretMark}`);
}

function kindOf({ provides }: PluginInstance): string {
  const kinds = [
    [Authenticator, 'authenticator'],
    [Spawner, 'spawner'],
    [ProxyToken, 'proxy'],
    [Service, 'service'],
    [Pages, 'pages'],
  ] as const;
  return kinds.find(([token]) => token === provides)?.[1] ?? String(provides.description);
}

/** What any of several shapes calls secret is secret. */
function isSecret(schema: OptionSchema | undefined): boolean {
  return shapes(schema).some(({ secret }) => secret);
}

function shapes(schema: OptionSchema | undefined): readonly OptionSchema[] {
  if (!schema) return [];
  return [schema, ...(schema.anyOf ?? []).flatMap(shapes)];
}

function propertySchema(schema: OptionSchema | undefined, name: string): OptionSchema | undefined {
  return mostSecret(shapes(schema).flatMap(({ properties }) => properties?.[name] ?? []));
}

function itemSchema(schema: OptionSchema | undefined): OptionSchema | undefined {
  return mostSecret(shapes(schema).flatMap(({ items }) => items ?? []));
}

function restSchema(schema: OptionSchema | undefined): OptionSchema | undefined {
  return mostSecret(
    shapes(schema).flatMap(({ additionalProperties: rest }) => (typeof rest === 'object' ? rest : [])),
  );
}

function mostSecret(schemas: readonly OptionSchema[]): OptionSchema | undefined {
  return schemas.find(isSecret) ?? schemas[0];
}

/** As the schema lists them, so that what was filled in does not stand at the end. */
function inOrder(value: object, schema: OptionSchema | undefined): [string, unknown][] {
  const known = Object.keys(schema?.properties ?? {});
  const place = (name: string) => (known.includes(name) ? known.indexOf(name) : known.length);
  return Object.entries(value).sort(([a], [b]) => place(a) - place(b));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
