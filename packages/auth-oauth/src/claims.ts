import type { JsonObject, JsonValue } from '@hub/core/plugin';

/** What a provider says about somebody: the claims of an id token, a userinfo answer, or both in one. */
export type Claims = JsonObject;

/**
 * The value of a claim: the one of exactly this name if there is one (names may hold dots, as in
 * `https://example.org/groups`), else what the path leads to (`realm_access.roles`).
 */
export function claimAt(claims: Claims, path: string): JsonValue | undefined {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: JsonValue | undefined = claims;
  for (const step of path.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return value;
}

/** Is this a JSON object, neither null nor a list? */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
