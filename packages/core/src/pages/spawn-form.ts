import {
  type FormFieldSchema,
  type FormSchema,
  isStoredFile,
  type JsonObject,
  type OptionsForm,
  type OptionsFormContext,
  type SpawnField,
  type SpawnFile,
  type SpawnPage,
  type SpawnProfile,
} from '../plugin/index.ts';
import {
  choicesOf,
  type FormMistake,
  inWords,
  isFormSchema,
  offeredProfiles,
  type Profile,
  usualMaxBytes,
} from '../servers/index.ts';
import type { PageDeps } from './deps.ts';
import type { SpawnTarget } from './spawn-target.ts';

/** What stands in a form when it is shown again. */
export interface FilledIn {
  /** Id of the chosen profile, if one was. */
  readonly profile: string | null;
  readonly options: JsonObject;
  readonly mistakes: readonly FormMistake[];
}

/** The questions of a start. */
export type DrawnForm = Pick<SpawnPage, 'profiles' | 'fields' | 'optionsFormHtml'>;

/**
 * What is asked before this start: `null` for nothing. Filled in with what was just submitted, else with the last
 * choice, else with defaults.
 */
export async function drawForm(
  { owner, row }: SpawnTarget,
  told: OptionsFormContext,
  filledIn: FilledIn | null,
  { starts }: PageDeps,
): Promise<DrawnForm | null> {
  if (starts.profiles.length === 0) {
    const choice = starts.choose(owner, null, row?.spawner ?? null);
    const form = starts.mayAsk(choice) ? await starts.form(choice, told) : null;
    if (form === null) return null;
    const { lastOptions } = told;
    const answers = { values: filledIn?.options ?? lastOptions, last: lastOptions };
    return { profiles: [], ...questions(form, '', answers, filledIn?.mistakes ?? []) };
  }
  const offered = offeredProfiles(starts.profiles, owner);
  const last = offered.find(({ id }) => id === told.lastOptions.profile) ?? null;
  const chosen =
    offered.find(({ id }) => id === filledIn?.profile) ??
    last ??
    offered.find(({ isDefault }) => isDefault) ??
    offered[0];
  const profiles = await Promise.all(
    offered.map(async (profile): Promise<SpawnProfile> => {
      const choice = starts.choose(owner, { profile: profile.id }, null);
      const form = starts.mayAsk(choice) ? await starts.form(choice, told) : null;
      const isFilledIn = filledIn !== null && filledIn.profile === profile.id;
      const before = profile === last ? told.lastOptions : {};
      const answers = { values: isFilledIn ? filledIn.options : before, last: before };
      const { id, name, description } = profile;
      return {
        id,
        name,
        description,
        chosen: profile === chosen,
        lastUsed: profile === last,
        ...questions(form, fieldPrefix(profile), answers, isFilledIn ? filledIn.mistakes : []),
      };
    }),
  );
  const asks =
    profiles.length > 1 ||
    profiles.some(({ fields, optionsFormHtml }) => fields.length > 0 || optionsFormHtml);
  return asks ? { profiles, fields: [], optionsFormHtml: '' } : null;
}

/** Fields of several profiles stand in one form: `gpu--cores`. Ids hold no `--`, and neither do names of fields. */
export function fieldPrefix({ id }: Pick<Profile, 'id'>): string {
  return `${id}--`;
}

/** What stands in the fields, and what was chosen for the last start. */
interface Answers {
  readonly values: JsonObject;
  readonly last: JsonObject;
}

function questions(
  form: OptionsForm | null,
  prefix: string,
  answers: Answers,
  mistakes: readonly FormMistake[],
): Pick<SpawnProfile, 'fields' | 'optionsFormHtml'> {
  if (!isFormSchema(form)) return { fields: [], optionsFormHtml: form ?? '' };
  return { fields: fieldsOf(form, prefix, answers, mistakes), optionsFormHtml: '' };
}

function fieldsOf(
  { properties, required = [] }: FormSchema,
  prefix: string,
  { values, last }: Answers,
  mistakes: readonly FormMistake[],
): readonly SpawnField[] {
  return Object.entries(properties).map(([option, field]): SpawnField => {
    const choices = choicesOf(field);
    const value = textOf(Object.hasOwn(values, option) ? values[option] : field.default);
    const mistake = mistakes.find((one) => one.field === option);
    const file = field.type === 'file' ? fileField(field, values[option], last[option]) : null;
    return {
      name: `${prefix}${option}`,
      option,
      label: field.title ?? option,
      description: field.description ?? '',
      kind: choices ? 'select' : kindOf(field),
      required: required.includes(option) && !file?.last,
      value: field.type === 'boolean' && value !== 'true' ? 'false' : value,
      choices: (choices ?? []).map(({ value, title }) => ({ value: String(value), label: title })),
      limits: choices ? {} : limitsOf(field),
      placeholder: textOf(field.examples?.[0]),
      file,
      error: mistake ? { rule: mistake.rule, limit: mistake.limit, message: mistake.message } : null,
    };
  });
}

/** What was just sent cannot be put back into a browser's field: only the file of the last start can be kept. */
function fileField(
  { maxBytes = usualMaxBytes, accept = '' }: FormFieldSchema,
  value: unknown,
  last: unknown,
): SpawnFile {
  const common = { maxBytes, most: inWords(maxBytes), accept };
  if (!isStoredFile(last)) return { ...common, last: null };
  const kept = isStoredFile(value) && value.filename === last.filename && value.body.data === last.body.data;
  return { ...common, last: { name: last.filename, kept } };
}

/** Values of an earlier form may be of any type. */
function textOf(value: unknown): string {
  const one = Array.isArray(value) ? value.at(-1) : value;
  return typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean' ? String(one) : '';
}

function kindOf({ type, format }: FormFieldSchema): SpawnField['kind'] {
  if (type === 'boolean') return 'checkbox';
  if (type === 'file') return 'file';
  if (type === 'integer' || type === 'number') return 'number';
  if (format === 'uri') return 'url';
  return format === 'email' ? 'email' : 'text';
}

function limitsOf(field: FormFieldSchema): Readonly<Record<string, string>> {
  const { type, minimum, maximum, multipleOf, minLength, maxLength, pattern } = field;
  const isNumber = type === 'integer' || type === 'number';
  // Browsers count steps from `min`, the schema from zero.
  const fits = multipleOf !== undefined && (minimum ?? 0) % multipleOf === 0;
  const step = fits ? String(multipleOf) : type === 'integer' ? '1' : 'any';
  // HTML anchors its pattern by itself, JSON Schema does not.
  const whole = pattern?.match(/^\^(.*)\$$/)?.[1];
  const limits = {
    min: isNumber ? minimum : undefined,
    max: isNumber ? maximum : undefined,
    step: isNumber ? step : undefined,
    minlength: isNumber ? undefined : minLength,
    maxlength: isNumber ? undefined : maxLength,
    pattern: whole,
  };
  return Object.fromEntries(
    Object.entries(limits).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}
