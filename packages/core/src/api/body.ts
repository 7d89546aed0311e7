import { HubError, type JsonObject, type JsonValue } from '../plugin/index.ts';

/** The body as an object. @throws HubError 400 for anything else. */
export function objectBody(body: JsonValue | undefined, message: string): JsonObject {
  if (isObject(body)) return body;
  throw new HubError('HUB_BAD_REQUEST', message);
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Refuses keys that mean nothing here, and values of another type than named (R56, R61). */
export function checkKeys(
  body: JsonObject,
  known: Readonly<Record<string, 'string' | 'boolean' | 'object' | 'array'>>,
): void {
  for (const [key, value] of Object.entries(body)) {
    const type = known[key];
    if (type === undefined) throw new HubError('HUB_BAD_REQUEST', `Unexpected field: ${key}`);
    const actual = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
    if (actual !== type)
      throw new HubError('HUB_BAD_REQUEST', `${key} must be of type ${type}, not ${actual}`);
  }
}

/** A list of texts. @throws HubError 400 naming the field. */
export function textList(value: JsonValue | undefined, field: string): readonly string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw new HubError('HUB_BAD_REQUEST', `${field} must be a list of strings`);
}
