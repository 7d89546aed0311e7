import { HubError, type JsonObject, type JsonValue, type OptionsSchema } from '../plugin/index.ts';

/** The body as an object. @throws HubError 400 for anything else. */
export function objectBody(body: JsonValue | undefined, message: string): JsonObject {
  if (isObject(body)) return body;
  throw new HubError('HUB_BAD_REQUEST', message);
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Refuses keys that the schema does not have, and values of another type than it names (R56, R61). */
export function checkKeys(body: JsonObject, { properties }: OptionsSchema): void {
  for (const [key, value] of Object.entries(body)) {
    const schema = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (!schema) throw new HubError('HUB_BAD_REQUEST', `Unexpected field: ${key.slice(0, 64)}`);
    const types = (schema.anyOf ?? [schema]).flatMap(({ type }) => type ?? []);
    const actual = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
    if (types.some((type) => type === actual)) continue;
    const wanted = types.filter((type) => type !== 'null').join(' or ');
    throw new HubError('HUB_BAD_REQUEST', `${key} must be of type ${wanted}, not ${actual}`);
  }
}

/** A list of texts. @throws HubError 400 naming the field. */
export function textList(value: JsonValue | undefined, field: string): readonly string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw new HubError('HUB_BAD_REQUEST', `${field} must be a list of strings`);
}
