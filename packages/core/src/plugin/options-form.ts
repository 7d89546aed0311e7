import type { JsonValue } from './json.ts';

/**
 * One field of an options form the hub draws: the part of JSON Schema that a person can fill in. Values reach
 * `userOptions` with their type.
 */
export interface FormFieldSchema {
  /** May be left out beside `enum` and `oneOf`. */
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'file';
  /** Label of the field; its name unless given. */
  readonly title?: string;
  /** A sentence below the field. */
  readonly description?: string;
  readonly default?: string | number | boolean;
  /** The values there are to choose from. */
  readonly enum?: readonly (string | number)[];
  /** The same with words of their own: `{ const: 'r', title: 'R 4.6' }`. */
  readonly oneOf?: readonly { readonly const: string | number; readonly title?: string }[];
  readonly minLength?: number;
  readonly maxLength?: number;
  /** Regular expression; tell it in `description`, people do not read those. */
  readonly pattern?: string;
  readonly format?: 'uri' | 'email';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
  /** Shown in the empty field. */
  readonly examples?: readonly (string | number)[];
  /** Of a file: bytes it may have, 1 MB unless given. The whole form has a limit too: `servers.formLimit`. */
  readonly maxBytes?: number;
  /** Of a file: what a browser offers first, as in HTML: `.csv,image/*`. No check. */
  readonly accept?: string;
}

/** An options form as JSON Schema: the hub draws it, reads it and checks it, from pages and from the API alike. */
export interface FormSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, FormFieldSchema>>;
  readonly required?: readonly string[];
  /** Other options than these are refused unless this is `true`. */
  readonly additionalProperties?: boolean;
}

/** What is filled in before a start: HTML of fields, which the spawner reads itself, or a schema. */
export type OptionsForm = string | FormSchema;

/** A file among chosen options, as it is stored (P233). {@link fileOf} reads it. */
export type StoredFile = {
  /** Without a path. */
  readonly filename: string;
  readonly content_type: string;
  readonly body: { readonly __jupyterhub_bytes__: true; readonly data: string };
};

/**
 * The file an option holds, `null` for none: `fileOf(launch.userOptions.requirements)?.body`. What name and type say
 * comes from a browser.
 */
export function fileOf(
  option: JsonValue | undefined,
): { readonly filename: string; readonly contentType: string; readonly body: Uint8Array } | null {
  if (!isStoredFile(option)) return null;
  const { filename, content_type: contentType, body } = option;
  return { filename, contentType, body: Buffer.from(body.data, 'base64') };
}

/** Is it a file as the hub stores them? */
export function isStoredFile(value: unknown): value is StoredFile {
  if (typeof value !== 'object' || value === null) return false;
  const { filename, content_type: type, body } = value as Partial<Record<keyof StoredFile, unknown>>;
  if (typeof filename !== 'string' || typeof type !== 'string') return false;
  if (typeof body !== 'object' || body === null) return false;
  const { __jupyterhub_bytes__: marked, data } = body as Partial<Record<keyof StoredFile['body'], unknown>>;
  return marked === true && typeof data === 'string';
}
