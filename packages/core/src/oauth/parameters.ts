import { HubError } from '../plugin/index.ts';

/** The parameters of an OAuth request: each has one value. */
export type Parameters = Readonly<Partial<Record<string, string>>>;

/**
 * The named parameters of a query, others left out. An address that cannot be read with certainty is refused:
 * an empty part such as a `&` at the end, a part without `=`, a broken escape (W71).
 *
 * @throws HubError 400.
 */
export function queryParameters(url: string, names: readonly string[]): Parameters {
  const query = url.split('?').slice(1).join('?');
  const readable =
    query === '' || query.split('&').every((part) => /^[^=]*=(?:[^%]|%[0-9a-f]{2})*$/i.test(part));
  if (!readable) throw new HubError('HUB_BAD_REQUEST', 'Unable to parse query string');

  const params = new URLSearchParams(query);
  const twice = duplicate(params, names);
  if (twice !== undefined) throw new HubError('HUB_BAD_REQUEST', `Duplicate ${twice} parameter.`);
  return pick(params, names);
}

/** The first of these names that occurs more than once. */
export function duplicate(params: URLSearchParams, names: readonly string[]): string | undefined {
  return names.find((name) => params.getAll(name).length > 1);
}

/** The named parameters alone. */
export function pick(params: URLSearchParams, names: readonly string[]): Parameters {
  const found = names.flatMap((name) => {
    const value = params.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found);
}
