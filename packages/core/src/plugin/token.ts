import type { ServiceIdentifier } from 'inversify';

/**
 * A typed name under which the container knows a thing. An interface and its token share a name:
 * `import { Clock }` brings both. Made over `Symbol.for`, so two copies of this package agree.
 */
export type Token<T> = ServiceIdentifier<T> & symbol;

/** Makes the token for `T`. `name` must be unique in the hub; plugins prefix it with their package. */
export function token<T>(name: string): Token<T> {
  // inversify types a symbol as ServiceIdentifier<T> for any T; the brand is ours to give.
  return Symbol.for(`@hub/core:${name}`) as Token<T>;
}
