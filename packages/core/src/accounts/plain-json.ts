/** Deeper than anything meaningful, and far from the end of the stack. */
const deepest = 64;

/**
 * Says what keeps a value of a plugin from being a JSON object, such as a `Date` or a cycle; `null` when it is one.
 * `undefined` counts as absent.
 */
export function notJson(value: unknown, what: string): string | null {
  if (!isPlainObject(value)) return `${what} must be a JSON object, not ${kindOf(value)}`;
  return problemIn(value, what, 0);
}

function problemIn(value: unknown, path: string, depth: number): string | null {
  if (depth > deepest) return `${path} is nested too deeply or holds itself`;
  if (value === null || value === undefined || typeof value === 'boolean') return null;
  if (typeof value === 'string') return isStorable(value) ? null : `${path} holds NUL or half a character`;
  if (typeof value === 'number') return Number.isFinite(value) ? null : `${path} is ${value}`;
  if (Array.isArray(value)) return first(value.map((one, nr) => problemIn(one, `${path}[${nr}]`, depth + 1)));
  if (!isPlainObject(value)) return `${path} is ${kindOf(value)}, which JSON cannot hold`;
  const within = Object.entries(value).map(([key, one]) =>
    isStorable(key)
      ? problemIn(one, `${path}.${key}`, depth + 1)
      : `${path} has a key with NUL or half a character`,
  );
  return first(within);
}

/** PostgreSQL holds no NUL in texts and no half of a character. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const made: unknown = value.constructor;
  return typeof made === 'function' ? `a ${made.name}` : 'an object of its own kind';
}

function first(problems: readonly (string | null)[]): string | null {
  return problems.find((problem) => problem !== null) ?? null;
}
