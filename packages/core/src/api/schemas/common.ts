import type { JsonObject } from '../../plugin/index.ts';

/** A reference to a model of the API description. */
export function ref<Name extends string>(name: Name) {
  return { $ref: `#/components/schemas/${name}` } as const;
}

export const text = { type: 'string' } as const;
export const flag = { type: 'boolean' } as const;
export const texts = { type: 'array', items: text } as const;
export const count = { type: 'integer', minimum: 0 } as const;
export const textOrNull = { type: ['string', 'null'] } as const;
/** Section 2: UTC, microseconds when there are any, `Z`. */
export const instant = {
  type: 'string',
  format: 'date-time',
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?Z$',
} as const;
export const instantOrNull = { anyOf: [instant, { type: 'null' }] } as const;

/** A model: these fields and no others; `required` names those that are always there. */
export function model<P extends JsonObject>(
  description: string,
  properties: P,
  required: readonly (keyof P & string)[] = Object.keys(properties),
) {
  return { type: 'object', description, properties, required, additionalProperties: false } as const;
}
