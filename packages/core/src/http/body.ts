import { HubError, type JsonValue } from '../plugin/index.ts';

/** Bytes a request body may have; forms with files set their own. */
export const bodyLimit = 1_048_576;

const bad = (message: string) => new HubError('HUB_BAD_REQUEST', message);

/**
 * A JSON body as the original reads it (R14): nothing for an empty one, broken UTF-8 replaced, the last of equal
 * keys wins, whatever the declared content type. The key `__proto__` is refused, since it is a name with power here.
 *
 * @throws HubError 400 for anything that is not JSON, and for text no database keeps ({@link refuseUnstorable}).
 */
export function parseJsonBody(body: Uint8Array): JsonValue | undefined {
  if (body.length === 0) return undefined;
  let value: JsonValue;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { ignoreBOM: true }).decode(body));
  } catch {
    throw bad('Invalid JSON in body of request');
  }
  refuseUnstorable(value);
  return value;
}

/** A file that came with a form. */
export interface FormFile {
  readonly field: string;
  readonly filename: string;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** A form as it was filled in. */
export interface Form {
  readonly fields: URLSearchParams;
  readonly files: readonly FormFile[];
}

/** Is this the content type of a form? */
export function isForm(contentType: string): boolean {
  return /^\s*(?:application\/x-www-form-urlencoded|multipart\/form-data)\s*(?:;|$)/i.test(contentType);
}

/**
 * A form body of either type.
 *
 * @throws HubError 400 for a broken multipart body, and for text no database keeps.
 */
export async function parseFormBody(body: Uint8Array, contentType: string): Promise<Form> {
  const isMultipart = /^\s*multipart\//i.test(contentType);
  const form = isMultipart
    ? await multipart(body, contentType)
    : { fields: new URLSearchParams(new TextDecoder().decode(body)), files: [] };
  for (const pair of form.fields) for (const text of pair) refuseUnstorableText(text);
  for (const { field, filename, contentType } of form.files) {
    for (const text of [field, filename, contentType]) refuseUnstorableText(text);
  }
  return form;
}

/** Node's own parser of fetch bodies reads multipart. */
async function multipart(body: Uint8Array, contentType: string): Promise<Form> {
  const fields = new URLSearchParams();
  const files: FormFile[] = [];
  const response = new Response(Buffer.from(body), { headers: { 'content-type': contentType } });
  const data = await response.formData().catch(() => {
    throw bad('Invalid form in body of request');
  });
  for (const [field, value] of data) {
    if (typeof value === 'string') fields.append(field, value);
    else files.push({ field, filename: value.name, contentType: value.type, body: await value.bytes() });
  }
  return { fields, files };
}

/** The last value of each name, on an object without prototype. */
export function lastValues(params: URLSearchParams): Record<string, string> {
  const values: Record<string, string> = Object.create(null);
  for (const [name, value] of params) values[name] = value;
  return values;
}

/** Python's clients stop reading at about 1000, and what one user sent is read by those who list all users. */
const deepest = 100;

/**
 * Refuses what PostgreSQL does not store: NUL and lone surrogates, in any text or key at any depth; and what is nested
 * so deep that others could not read it.
 *
 * @throws HubError 400.
 */
export function refuseUnstorable(value: JsonValue): void {
  if (isDeeper(value, deepest)) throw bad(`Invalid JSON in body of request: nested deeper than ${deepest}`);
  visit(value, (text, isKey) => {
    refuseUnstorableText(text);
    if (isKey && text === '__proto__') throw bad('Invalid key in body of request: __proto__');
  });
}

/** {@link refuseUnstorable} for one text. */
export function refuseUnstorableText(text: string): void {
  if (text.includes('\0') || !text.isWellFormed()) {
    throw bad('Invalid text in request: null characters and unpaired surrogates are not allowed');
  }
}

/**
 * Refuses keys that only the hub may write (R172): the original took such a value for bytes of its own, and one
 * user could stop every start of the hub. Call it wherever `user_options` come in.
 *
 * @throws HubError 400.
 */
export function refuseReservedKeys(value: JsonValue): void {
  visit(value, (text, isKey) => {
    if (isKey && text.startsWith('__jupyterhub_')) {
      throw bad(`Invalid key: ${text.slice(0, 64)} (keys starting with __jupyterhub_ are reserved)`);
    }
  });
}

function isDeeper(root: JsonValue, most: number): boolean {
  let level: readonly JsonValue[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > most) return true;
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null
        ? Object.values(value).filter((one) => one !== undefined)
        : [],
    );
  }
  return false;
}

/** Calls `see` for every text and key. Walks with a list of its own: a body may be nested deeper than the stack. */
function visit(root: JsonValue, see: (text: string, isKey: boolean) => void): void {
  const open: (JsonValue | undefined)[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'string') see(value, false);
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, inner] of Object.entries(value)) {
      if (!Array.isArray(value)) see(key, true);
      open.push(inner);
    }
  }
}
