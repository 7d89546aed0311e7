import { type FormFile, refuseReservedKeys } from '../http/index.ts';
import { withDeadline } from '../kernel/index.ts';
import { HubError, type JsonObject, type OptionsFormContext } from '../plugin/index.ts';
import type { SpawnerInstance } from '../servers/index.ts';
import type { PageDeps } from './deps.ts';

/** Options as they were chosen: always lists of texts (W29, W30). */
export interface ChosenOptions {
  readonly fields: Readonly<Record<string, readonly string[]>>;
  readonly files: readonly FormFile[];
}

const notOptions = new Set(['next', 'display_name', '_xsrf']);
const prefix = 'opt-';

/**
 * Options in the address: parameters that begin with `opt-`, else, as older links have it, all of them. `null`
 * when there are none. Throws a HubError 422 for one without a name (W29).
 */
export function queryOptions(query: URLSearchParams, log: PageDeps['log']): ChosenOptions | null {
  const all = [...query].filter(([name]) => !notOptions.has(name));
  if (all.length === 0) return null;
  const prefixed = all.filter(([name]) => name.startsWith(prefix));
  if (prefixed.length === 0) {
    log.warn(
      { options: all.map(([name]) => name.slice(0, 64)) },
      'spawn options without opt- are deprecated',
    );
    return { fields: lists(all), files: [] };
  }
  const named = prefixed.map(([name, value]): [string, string] => [name.slice(prefix.length), value]);
  if (named.some(([name]) => name === '')) {
    throw new HubError('HUB_UNPROCESSABLE', 'An option in the address has no name.');
  }
  return { fields: lists(named), files: [] };
}

/** Options of the submitted form (W30). */
export function formOptions(form: URLSearchParams, files: readonly FormFile[]): ChosenOptions {
  return { fields: lists([...form].filter(([name]) => name !== '_xsrf')), files };
}

/** What is stored: what the spawner makes of the choice, or the choice itself with its files (W30, R172). */
export async function readOptions(
  { driver, id }: SpawnerInstance,
  chosen: ChosenOptions,
  context: OptionsFormContext,
  { clock, settings }: PageDeps,
): Promise<JsonObject> {
  const read = driver.readOptions?.bind(driver);
  if (!read) {
    refuseReservedKeys(chosen.fields);
    return { ...chosen.fields, ...storedFiles(chosen.files) };
  }
  const withFiles: OptionsFormContext = { ...context, files: chosen.files };
  const what = `readOptions of ${id}`;
  const options = await withDeadline(clock, what, settings.hookTimeout, null, async () =>
    read(chosen.fields, withFiles),
  );
  refuseReservedKeys(options);
  return options;
}

/** The spawner's form, `null` for none. */
export async function optionsForm(
  { driver, id }: SpawnerInstance,
  context: OptionsFormContext,
  { clock, settings }: PageDeps,
): Promise<string | null> {
  const draw = async () => (await driver.optionsForm?.(context)) ?? null;
  return (await withDeadline(clock, `optionsForm of ${id}`, settings.hookTimeout, null, draw)) || null;
}

function lists(pairs: readonly (readonly [string, string])[]): Record<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [name, value] of pairs) found.set(name, [...(found.get(name) ?? []), value]);
  return Object.fromEntries(found);
}

/** `<field>_file`, bytes as the original stores them. */
function storedFiles(files: readonly FormFile[]): JsonObject {
  const byField = new Map<string, JsonObject[]>();
  for (const { field, filename, contentType, body } of files) {
    const data = Buffer.from(body).toString('base64');
    const stored = {
      filename,
      body: { __jupyterhub_bytes__: true, data },
      content_type: contentType,
    };
    byField.set(`${field}_file`, [...(byField.get(`${field}_file`) ?? []), stored]);
  }
  return Object.fromEntries(byField);
}
