import { type FormFile, refuseReservedKeys } from '../http/index.ts';
import { withDeadline } from '../kernel/index.ts';
import {
  type FormSchema,
  HubError,
  isStoredFile,
  type JsonObject,
  type JsonValue,
  type OptionsFormContext,
} from '../plugin/index.ts';
import {
  type FormMistake,
  isFormSchema,
  type Profile,
  type Profiles,
  type SpawnerInstance,
  storedFile,
} from '../servers/index.ts';
import type { PageDeps } from './deps.ts';
import { fieldPrefix } from './spawn-form.ts';
import type { SpawnTarget } from './spawn-target.ts';

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

/** What a choice comes to. */
export interface ReadOptions {
  /** Id of the chosen profile, `null` where there are none. */
  readonly profile: string | null;
  /** To be stored: typed by the form's schema, or what the spawner makes of the fields, or the fields themselves. */
  readonly options: JsonObject;
  readonly mistakes: readonly FormMistake[];
}

/**
 * Reads what was chosen for a start (W29, W30, P211).
 *
 * @throws HubError 400 or 403 for a profile the owner cannot have, and 400 for names only the hub may write (R172).
 */
export async function readOptions(
  { owner, row }: SpawnTarget,
  chosen: ChosenOptions,
  told: OptionsFormContext,
  deps: PageDeps,
): Promise<ReadOptions> {
  const { starts } = deps;
  refuseReservedKeys(chosen.fields);
  const choice = starts.choose(owner, chosen.fields, row?.spawner ?? null);
  const profile = choice.profile?.id ?? null;
  const fields = choice.profile ? ownFields(choice.profile, starts.profiles, chosen.fields) : chosen.fields;
  const form = starts.mayAsk(choice) ? await starts.form(choice, told) : null;
  const read = isFormSchema(form)
    ? withFiles(form, fields, { files: chosen.files, profile: choice.profile, last: told.lastOptions })
    : await readHtml(choice.spawner, { ...chosen, fields }, told, deps);
  return { profile, ...starts.check(choice, form, read) };
}

/** Files by the names of their options. One that was not chosen stays what it was the last time, where that is ticked. */
function withFiles(
  { properties }: FormSchema,
  fields: ChosenOptions['fields'],
  {
    files,
    profile,
    last,
  }: {
    readonly files: ChosenOptions['files'];
    readonly profile: Profile | null;
    readonly last: JsonObject;
  },
): JsonObject {
  const before = profile === null || last.profile === profile.id ? last : {};
  const names = Object.keys(properties).filter((name) => properties[name]?.type === 'file');
  const chosen = names.flatMap((name): [string, JsonValue][] => {
    const sent = files.findLast(
      ({ field, filename, body }) =>
        (field === name || (profile !== null && field === `${fieldPrefix(profile)}${name}`)) &&
        (filename !== '' || body.length > 0),
    );
    if (sent) return [[name, storedFile(sent.filename, sent.contentType, sent.body)]];
    const kept = fields[name]?.includes('keep') ? before[name] : undefined;
    return isStoredFile(kept) ? [[name, kept]] : [];
  });
  const others = Object.entries(fields).filter(
    ([name, values]) => !names.includes(name) || values.some((value) => value !== 'keep'),
  );
  return { ...Object.fromEntries(others), ...Object.fromEntries(chosen) };
}

/** What the operator's function, or the spawner, or the simple rules make of an HTML form (W30, P211, P233). */
async function readHtml(
  { driver, options, id }: SpawnerInstance,
  { fields, files }: ChosenOptions,
  told: OptionsFormContext,
  { clock, settings }: PageDeps,
): Promise<JsonObject> {
  const configured = options.optionsFromForm;
  const read = typeof configured === 'function' ? configured : driver.readOptions?.bind(driver);
  if (!read) return { ...(configured === 'simple' ? unwrapped(fields) : fields), ...storedFiles(files) };
  const what = `readOptions of ${id}`;
  const result = await withDeadline(clock, what, settings.hookTimeout, null, async () =>
    read(fields, { ...told, files }),
  );
  refuseReservedKeys(result);
  return result;
}

/** P233: lists of one are that one, and a ticked box is `true`. */
function unwrapped(fields: ChosenOptions['fields']): JsonObject {
  const entries = Object.entries(fields).map(([name, values]): [string, JsonValue] => {
    const [first = '', ...more] = values;
    if (more.length > 0) return [name, values];
    return [name, first === 'on' ? true : first];
  });
  return Object.fromEntries(entries);
}

/** Fields of this profile by the names of their options; those of others stay out. Links may leave the prefix out. */
function ownFields(
  profile: Profile,
  all: Profiles,
  fields: ChosenOptions['fields'],
): ChosenOptions['fields'] {
  const prefix = fieldPrefix(profile);
  const others = all.filter((one) => one !== profile).map(fieldPrefix);
  const entries = Object.entries(fields);
  const common = entries.filter(
    ([name]) => name !== 'profile' && !others.some((one) => name.startsWith(one)),
  );
  const own = common.filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries([
    ...common.filter(([name]) => !name.startsWith(prefix)),
    ...own.map(([name, values]) => [name.slice(prefix.length), values] as const),
  ]);
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
