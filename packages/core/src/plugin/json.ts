/** Any value JSON can hold. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** A point in time as ISO 8601 text in UTC with up to six digits of a second: `2026-01-31T12:00:00.123456Z`. */
export type Instant = string;

/** A value, or a promise of one. */
export type Awaitable<T> = T | Promise<T>;
