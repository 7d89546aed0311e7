import { builtInScopes } from './built-in-scopes.ts';

/** A scope of the operator's own, checked by services and servers and never by the hub (R160, R161). */
export interface CustomScope {
  /** One sentence for people, shown on the consent page. */
  readonly description: string;
  /** Other custom scopes contained in this one. */
  readonly subscopes?: readonly string[] | undefined;
}

/** Scopes of the operator's own by name: `custom:<project>:<action>`. */
export type CustomScopes = Readonly<Record<string, CustomScope>>;

const customName = /^custom:[a-z0-9][a-z0-9_\-*:]+[a-z0-9_*]$/;
const knownKeys = new Set(['description', 'subscopes']);

/**
 * Everything wrong with a set of custom scopes (R160), not only the first mistake. Takes what a configuration
 * file may really hold, so it looks at the types too.
 */
export function checkCustomScopes(custom: Readonly<Record<string, unknown>>): {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
} {
  const problems: string[] = [];
  const warnings: string[] = [];
  const names = new Set(Object.keys(custom));

  for (const [name, definition] of Object.entries(custom)) {
    if (!customName.test(name)) problems.push(`${name}: ${nameRule}`);
    if (typeof definition !== 'object' || definition === null || Array.isArray(definition)) {
      problems.push(`${name}: must be an object with a description`);
      continue;
    }
    const fields = new Map<string, unknown>(Object.entries(definition));
    const description = fields.get('description');
    if (typeof description !== 'string' || description.trim() === '') {
      problems.push(`${name}: needs a description, which people read before they agree to it`);
    }
    problems.push(...checkSubscopes(name, fields.get('subscopes'), names));
    for (const key of fields.keys()) {
      if (!knownKeys.has(key)) warnings.push(`${name}: "${key}" is not known and was ignored`);
    }
  }
  return { problems, warnings };
}

const nameRule =
  'the name must be "custom:" and at least three of a-z 0-9 _ - * :, beginning with a letter or digit and not ending with - or :';

function checkSubscopes(name: string, subscopes: unknown, names: ReadonlySet<string>): readonly string[] {
  if (subscopes === undefined) return [];
  if (!Array.isArray(subscopes)) return [`${name}: subscopes must be a list of scope names`];

  return subscopes.flatMap((inner: unknown) => {
    if (typeof inner !== 'string') return [`${name}: subscopes must be a list of scope names`];
    if (names.has(inner)) return [];
    return Object.hasOwn(builtInScopes, inner)
      ? [`${name}: "${inner}" is built in; custom scopes hold only custom ones, put both into a role instead`]
      : [`${name}: contains "${inner}", which is not defined`];
  });
}
