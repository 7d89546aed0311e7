import { integerPattern } from '../../http/index.ts';
import type { JsonObject, OptionsSchema } from '../../plugin/index.ts';
import { count, model, ref } from './common.ts';

const position = { offset: count, limit: { type: 'integer', minimum: 1 } } as const;

export const paginationModels = {
  Pagination: model('Where a page stands in its list (R33).', {
    ...position,
    total: count,
    next: { anyOf: [ref('NextPage'), { type: 'null' }] },
  }),
  NextPage: model('The page that follows (R35).', { ...position, url: { type: 'string', format: 'uri' } }),
} as const;

/** A page of `items` in its envelope. */
export function page(items: JsonObject) {
  return {
    type: 'object',
    properties: { items, _pagination: ref('Pagination') },
    required: ['items', '_pagination'],
    additionalProperties: false,
  } as const;
}

/** A list as {@link page} for those who ask for one by `Accept`, bare for others (R33, R34). */
export function listOrPage(items: JsonObject) {
  return { anyOf: [items, page(items)] } as const;
}

const integerText = { type: 'string', pattern: integerPattern } as const;

/** R32: parameters of every list. Others are ignored and kept in the address of the next page (R53). */
export const pageQuery = {
  type: 'object',
  properties: {
    offset: { ...integerText, description: 'Entries to leave out at the start.' },
    limit: { ...integerText, description: 'Entries of a page, between 1 and the limit of the hub.' },
  },
} as const satisfies OptionsSchema;
