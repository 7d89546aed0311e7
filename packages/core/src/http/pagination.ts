import { HubError } from '../plugin/index.ts';

/** How many entries a page has (`api_page_default_limit`, `api_page_max_limit`). */
export interface PageLimits {
  readonly default: number;
  readonly max: number;
}

/** A page as a request asks for it. */
export interface Page {
  readonly offset: number;
  readonly limit: number;
  /** R33: the caller accepts the envelope. Lists that are always enveloped ignore it (R36). */
  readonly enveloped: boolean;
}

/** The page's place among all entries, as clients read it (R33). */
export interface Pagination {
  readonly offset: number;
  readonly limit: number;
  readonly total: number;
  readonly next: { readonly offset: number; readonly limit: number; readonly url: string } | null;
}

/** A list with its pagination. `items` is an object for `/proxy` (R36). */
export interface Envelope<T> {
  readonly items: T;
  readonly _pagination: Pagination;
}

const mediaType = 'application/jupyterhub-pagination+json';

/** What `offset` and `limit` look like, for JSON Schema. */
export const integerPattern = '^ *[+-]?[0-9]+ *$';
const isInteger = new RegExp(integerPattern);

/** PostgreSQL's largest bigint has 19 digits; no list is longer than this. */
const largest = Number.MAX_SAFE_INTEGER;

/**
 * Reads `offset`, `limit` and `Accept` (R32–R34).
 *
 * @throws HubError 400 for what is no integer.
 */
export function readPage(
  query: { readonly offset?: string | undefined; readonly limit?: string | undefined },
  accept: string | undefined,
  limits: PageLimits,
): Page {
  const enveloped = acceptsEnvelope(accept);
  const limit = integer(query.limit) ?? (enveloped ? limits.default : limits.max);
  return { offset: integer(query.offset) ?? 0, limit: Math.min(Math.max(limit, 1), limits.max), enveloped };
}

/** R33: one whole element of `Accept`, in any case; with parameters it is another type. */
export function acceptsEnvelope(accept: string | undefined): boolean {
  return (accept ?? '').split(',').some((element) => element.trim().toLowerCase() === mediaType);
}

/** What to send for a page of `items`: the envelope or the bare list, as the caller asked (R33, R34). */
export function pageBody<T>(items: T, total: number, page: Page, url: URL): T | Envelope<T> {
  return page.enveloped ? envelope(items, total, page, url) : items;
}

/** The enveloped form. `url` is this request's absolute URL; `next` keeps its other parameters (R35). */
export function envelope<T>(items: T, total: number, { offset, limit }: Page, url: URL): Envelope<T> {
  return { items, _pagination: { offset, limit, total, next: nextPage(total, offset, limit, url) } };
}

function nextPage(total: number, offset: number, limit: number, url: URL): Pagination['next'] {
  const after = offset + limit;
  if (after >= total) return null;
  const next = new URL(url);
  next.searchParams.set('offset', String(after));
  next.searchParams.set('limit', String(limit));
  return { offset: after, limit, url: next.href };
}

function integer(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!isInteger.test(text)) {
    throw new HubError('HUB_BAD_REQUEST', 'Invalid argument type, offset and limit must be integers');
  }
  return Math.min(Math.abs(Number(text)), largest);
}
