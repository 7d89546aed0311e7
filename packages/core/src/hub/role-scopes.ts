import type { Container } from 'inversify';
import { services } from './tokens.ts';

/** Raw scopes of a role of the configuration or a default one; `undefined` when there is none. */
export function roleScopes(container: Container): (name: string) => readonly string[] | undefined {
  const { roles } = container.get(services.accountsConfig);
  return (name) => roles.get(name)?.scopes;
}
