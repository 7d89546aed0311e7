import type { SpawnField, SpawnPage } from '@hub/core/plugin';
import { type SafeHtml, safeHtml } from '../safe-html.ts';
import type { Texts } from '../texts.ts';

/** A field as templates see it. */
interface FieldVariables extends Omit<SpawnField, 'error'> {
  /** Of the input; fields of a form may be called like other things of the page. */
  readonly id: string;
  /** A choice that was not made yet, or need not be. */
  readonly may_be_empty: boolean;
  /** What is wrong with it, in words; `''` for nothing. */
  readonly error: string;
}

/** The choices of a start as templates see them; `spawner_options_form` is the name of W120. */
export function spawnVariables(page: SpawnPage, texts: Texts) {
  const profiles = page.profiles.map(({ id, name, description, chosen, lastUsed, ...profile }) => ({
    id,
    name,
    description,
    chosen,
    last_used: lastUsed,
    fields: profile.fields.map((field) => fieldVariables(field, texts)),
    options_form: html(profile.optionsFormHtml),
  }));
  const fields = page.fields.map((field) => fieldVariables(field, texts));
  const all = [...fields, ...profiles.flatMap((profile) => profile.fields)];
  return {
    profiles,
    fields,
    spawner_options_form: html(page.optionsFormHtml),
    has_field_errors: all.some(({ error }) => error !== ''),
    script_data: { spawn_url: page.server.spawnUrl },
  };
}

function fieldVariables({ error, ...field }: SpawnField, texts: Texts): FieldVariables {
  const isOffered = field.choices.some(({ value }) => value === field.value);
  return {
    ...field,
    id: `option-${field.name}`,
    may_be_empty: !isOffered || !field.required,
    error: error ? errorText(error, texts) : '',
  };
}

/** `type` is told by what is wanted: `typeinteger`. Rules without words of their own come in those of the hub. */
function errorText({ rule, limit, message }: NonNullable<SpawnField['error']>, texts: Texts): string {
  const words = texts.fieldErrors ?? {};
  const own = words[`${rule}${limit}`] ?? words[rule];
  return own?.replaceAll('{limit}', limit) ?? `${words.other ?? ''}${message}.`;
}

function html(text: string): SafeHtml | null {
  return text === '' ? null : safeHtml(text);
}
