/**
 * One field of an options form the hub draws: the part of JSON Schema that a person can fill in. Values reach
 * `userOptions` with their type.
 */
export interface FormFieldSchema {
  /** May be left out beside `enum` and `oneOf`. */
  readonly type?: 'string' | 'integer' | 'number' | 'boolean';
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
