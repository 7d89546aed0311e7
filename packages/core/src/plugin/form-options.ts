import type { Awaitable, JsonObject } from './json.ts';
import { hook, type OptionSchema } from './option-schema.ts';
import type { OptionsForm } from './options-form.ts';
import type { OptionsFormContext } from './spawner.ts';

/** What is asked before a start, and what becomes of the answers: options every spawner has. */
export const formOptions = {
  optionsForm: {
    anyOf: [
      { type: 'string' },
      { type: 'object', additionalProperties: true },
      { type: 'null' },
      hook<(context: OptionsFormContext) => Awaitable<OptionsForm | null>>('Makes it for one start.'),
    ],
    default: null,
    description:
      "Asked before a start, in place of the spawner's own form: HTML of fields, a JSON Schema, or a function of who starts what.",
  },
  optionsFromForm: {
    anyOf: [
      { enum: ['passthrough', 'simple'] },
      hook<
        (
          form: Readonly<Record<string, readonly string[]>>,
          context: OptionsFormContext,
        ) => Awaitable<JsonObject>
      >('Reads the form.'),
    ],
    default: 'passthrough',
    description:
      'What becomes of a submitted HTML form: `passthrough` keeps lists of texts, `simple` unwraps lists of one and makes `on` true; a function reads it.',
  },
} as const satisfies Readonly<Record<string, OptionSchema>>;
