import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import {
  type FormFieldSchema,
  type FormSchema,
  isStoredFile,
  type JsonObject,
  type JsonValue,
} from '../plugin/index.ts';
import { bytesIn, inWords, typedFile, usualMaxBytes } from './stored-file.ts';

/** Something a person has to fill in otherwise. */
export interface FormMistake {
  /** Name of the option. */
  readonly field: string;
  /** The keyword of JSON Schema that was broken: `required`, `maximum`. */
  readonly rule: string;
  /** What it demands, as text: `8`; `''` where the rule says it all. */
  readonly limit: string;
  /** The end of a sentence that begins with the option's name: `must be 8 or less`. */
  readonly message: string;
}

/** Options with their types and defaults, and what is wrong with them. */
export interface CheckedForm {
  readonly values: JsonObject;
  readonly mistakes: readonly FormMistake[];
}

/**
 * Options with the types their schema gives them. Forms, addresses and older clients send texts, or lists of them
 * (W29, W30), of which the last one counts; an empty one is a field left empty. What is no text stays as it is, apart
 * from files.
 */
export function typedValues(schema: FormSchema, given: JsonObject): JsonObject {
  const typed = Object.entries(given).flatMap(([name, value]): [string, JsonValue][] => {
    const field = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    if (!field || value === undefined) return value === undefined ? [] : [[name, value]];
    if (Array.isArray(value) && value.every((one) => typeof one === 'string')) {
      const last = value.at(-1);
      return last === undefined || last.trim() === '' ? [] : [[name, typedText(field, last)]];
    }
    if (typeof value !== 'string') return [[name, field.type === 'file' ? typedFile(value) : value]];
    return [[name, typedText(field, value)]];
  });
  return Object.fromEntries(typed);
}

/** Fills in defaults and checks. `values` is a copy. */
export function checkForm(schema: FormSchema, values: JsonObject): CheckedForm {
  const copy = structuredClone(values);
  const validate = validatorOf(schema);
  if (validate(copy)) return { values: copy, mistakes: [] };
  const mistakes = (validate.errors ?? []).map(mistakeOf);
  // One sentence per field is enough to go on with.
  const first = new Map(mistakes.toReversed().map((mistake) => [mistake.field, mistake]));
  return { values: copy, mistakes: [...first.values()].toReversed() };
}

/** The values a field offers, with their words; `null` for a field that is written into. */
export function choicesOf(
  field: FormFieldSchema,
): readonly { value: string | number; title: string }[] | null {
  if (field.oneOf) return field.oneOf.map(({ const: value, title = String(value) }) => ({ value, title }));
  return field.enum?.map((value) => ({ value, title: String(value) })) ?? null;
}

function typedText(field: FormFieldSchema, text: string): JsonValue {
  const choices = choicesOf(field);
  if (choices) return choices.find(({ value }) => String(value) === text)?.value ?? text;
  switch (field.type) {
    case 'boolean':
      if (['on', 'true', '1'].includes(text)) return true;
      return ['false', 'off', '0'].includes(text) ? false : text;
    case 'integer':
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
    default:
      return text;
  }
}

const validators = new WeakMap<FormSchema, ValidateFunction>();

/** Compiled once per schema. Throws what ajv says about one that cannot be. */
export function validatorOf(schema: FormSchema): ValidateFunction {
  const known = validators.get(schema);
  if (known) return known;
  // Each has an ajv of its own, which would keep every schema it has seen: forms may be made anew for each user.
  const ajv = new Ajv({
    allErrors: true,
    useDefaults: true,
    strict: true,
    allowMatchingProperties: true,
    verbose: true, // mistakes in files tell the limit
  });
  addFormats.default(ajv, ['uri', 'email']);
  ajv.addKeyword({ keyword: 'isFile', validate: (_: true, value: unknown) => isStoredFile(value) });
  ajv.addKeyword({
    keyword: 'maxBytes',
    metaSchema: { type: 'integer', minimum: 1 },
    validate: (limit: number, value: unknown) => !isStoredFile(value) || bytesIn(value) <= limit,
  });
  const validate = ajv.compile(forAjv(schema));
  validators.set(schema, validate);
  return validate;
}

/** Words for people stay out, and a choice is a plain `enum`: so are its mistakes. */
function forAjv({ properties, required = [], additionalProperties = false }: FormSchema): object {
  const fields = Object.entries(properties).map(([name, field]) => {
    const { title: _title, description: _description, examples: _examples, oneOf, ...rules } = field;
    if (field.type === 'file') return [name, { isFile: true, maxBytes: field.maxBytes ?? usualMaxBytes }];
    return [name, oneOf ? { ...rules, enum: oneOf.map((one) => one.const) } : rules] as const;
  });
  return { type: 'object', properties: Object.fromEntries(fields), required, additionalProperties };
}

function mistakeOf({ keyword, params, instancePath, schema }: ErrorObject): FormMistake {
  const field = instancePath.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');
  const say = (message: string, limit: unknown = '') => ({
    field,
    rule: keyword,
    limit: String(limit),
    message,
  });
  switch (keyword) {
    case 'required':
      return { ...say('is missing'), field: String(params.missingProperty) };
    case 'additionalProperties':
      return { ...say('is not known here'), field: String(params.additionalProperty) };
    case 'enum': {
      const values = (params.allowedValues as readonly unknown[]).map(String).join(', ');
      return say(`must be one of ${values}`, values);
    }
    case 'type':
      return say(wrongType[String(params.type)] ?? 'is of the wrong type', params.type);
    case 'minimum':
      return say(`must be ${params.limit} or more`, params.limit);
    case 'maximum':
      return say(`must be ${params.limit} or less`, params.limit);
    case 'multipleOf':
      return say(`must be a multiple of ${params.multipleOf}`, params.multipleOf);
    case 'minLength':
      return say(`must have at least ${params.limit} characters`, params.limit);
    case 'maxLength':
      return say(`must have at most ${params.limit} characters`, params.limit);
    case 'format':
      return say(
        params.format === 'email' ? 'must be an e-mail address' : 'must be an address',
        params.format,
      );
    case 'isFile':
      return { ...say('must be a file', 'file'), rule: 'type' };
    case 'maxBytes':
      return say(`must have at most ${inWords(Number(schema))}`, inWords(Number(schema)));
    default:
      return say('does not have the form that is asked for');
  }
}

const wrongType: Readonly<Record<string, string>> = {
  integer: 'must be a whole number',
  number: 'must be a number',
  boolean: 'must be true or false',
  string: 'must be text',
};
