import type { FormFieldSchema, FormSchema } from '../plugin/index.ts';
import { choicesOf, validatorOf } from './form-values.ts';

const types: readonly unknown[] = ['string', 'integer', 'number', 'boolean', 'file'];
const ofFiles = ['maxBytes', 'accept'];
const ofEveryField = ['type', 'title', 'description'];
/** What else a start form or an address carries (W29). */
const taken = ['profile', 'next', 'display_name', '_xsrf', '__proto__'];

/** Every mistake that can be seen in a form before anybody fills it in; `where` begins each sentence. */
export function formProblems(schema: unknown, where: string): readonly string[] {
  if (!isFormSchema(schema)) {
    return [`${where} must be a JSON Schema: { type: 'object', properties: { … } }.`];
  }
  const ofFields = Object.entries(schema.properties).flatMap(([name, field]) =>
    fieldProblems(name, field, `${where}.properties.${name}`),
  );
  const unknown = (schema.required ?? []).filter((name) => !Object.hasOwn(schema.properties, name));
  const problems = [
    ...ofFields,
    ...unknown.map((name) => `${where}: "${name}" is required, but there is no such field.`),
  ];
  if (problems.length > 0) return problems;
  try {
    const validate = validatorOf(schema);
    const defaults = Object.entries(schema.properties).flatMap(([name, field]) =>
      field.default === undefined ? [] : [[name, field.default] as const],
    );
    if (validate(Object.fromEntries(defaults))) return [];
    const wrong = (validate.errors ?? []).filter(({ keyword }) => keyword !== 'required');
    return wrong.map((error) => `${where}: the default of ${error.instancePath.slice(1)} ${error.message}.`);
  } catch (error) {
    return [`${where}: ${error instanceof Error ? error.message : String(error)}.`];
  }
}

/** Is this a form to be drawn, rather than HTML? */
export function isFormSchema(value: unknown): value is FormSchema {
  if (typeof value !== 'object' || value === null) return false;
  const { type, properties, required = [] } = value as Partial<Record<keyof FormSchema, unknown>>;
  return (
    type === 'object' &&
    typeof properties === 'object' &&
    properties !== null &&
    Array.isArray(required) &&
    Object.values(properties).every((field) => typeof field === 'object' && field !== null)
  );
}

function fieldProblems(name: string, field: FormFieldSchema, where: string): readonly string[] {
  const problems: string[] = [];
  if (!/^[A-Za-z_][\w-]*$/.test(name) || name.includes('--')) {
    problems.push(`${where}: a name has letters, digits, "_" and single "-" only.`);
  }
  if (taken.includes(name) || name.startsWith('__jupyterhub_')) {
    problems.push(`${where}: this name is taken, choose another.`);
  }
  if (choicesOf(field)?.length === 0) problems.push(`${where}: there is nothing to choose from.`);
  if (!types.includes(field.type) && !(field.type === undefined && choicesOf(field))) {
    problems.push(`${where}.type must be one of ${types.join(', ')}.`);
  }
  return [...problems, ...fileProblems(field, where)];
}

function fileProblems(field: FormFieldSchema, where: string): readonly string[] {
  if (field.type !== 'file') {
    const stray = ofFiles.filter((name) => Object.hasOwn(field, name));
    return stray.map((name) => `${where}.${name} is for fields of the type "file".`);
  }
  const fitting = [...ofEveryField, ...ofFiles];
  const stray = Object.keys(field).filter((name) => !fitting.includes(name));
  return stray.map((name) => `${where}.${name}: a file has ${fitting.join(', ')} only.`);
}
