/** What a handler answers with. Cookies are set through the request's context. */
export type Answer =
  | (Head & { readonly kind: 'json'; readonly value: unknown })
  | (Head & { readonly kind: 'bytes'; readonly contentType: string; readonly body: Uint8Array | string })
  | (Head & {
      readonly kind: 'file';
      readonly contentType: string;
      readonly body: Uint8Array;
      readonly versioned: boolean;
    })
  | (Head & {
      readonly kind: 'html';
      readonly html: string /** More places its forms may lead to. */;
      readonly formTargets?: readonly string[] | undefined;
    })
  | (Head & { readonly kind: 'empty' })
  | (Head & { readonly kind: 'events'; readonly events: AsyncIterable<object>; readonly keepAlive: boolean });

interface Head {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

type Headers = Readonly<Record<string, string>>;

/** JSON, bare `application/json` (R5). */
export function json(value: unknown, status = 200, headers: Headers = {}): Answer {
  return { kind: 'json', status, value, headers };
}

/** No body. A content type only where the contract names one (R5). */
export function empty(status = 204, contentType?: string, headers: Headers = {}): Answer {
  return {
    kind: 'empty',
    status,
    headers: contentType ? { 'content-type': contentType, ...headers } : headers,
  };
}

/** A page. */
export function html(
  text: string,
  status = 200,
  more: { headers?: Headers; formTargets?: readonly string[] } = {},
): Answer {
  return { kind: 'html', status, html: text, ...more };
}

/** Bytes or text of any type. */
export function bytes(
  contentType: string,
  body: Uint8Array | string,
  status = 200,
  headers: Headers = {},
): Answer {
  return { kind: 'bytes', status, contentType, body, headers };
}

/** A file of the hub itself (W20). `versioned`: the address holds `?v=`, so browsers may keep it. */
export function file(contentType: string, body: Uint8Array, versioned: boolean): Answer {
  return { kind: 'file', status: 200, contentType, body, versioned };
}

/** Leads elsewhere: 302 unless told. */
export function redirect(location: string, status: 301 | 302 | 303 = 302): Answer {
  return { kind: 'empty', status, headers: { location: asciiLocation(location) } };
}

/** An event stream (R86). `keepAlive: false` for one whose single event is there already. */
export function events(source: AsyncIterable<object>, keepAlive: boolean): Answer {
  return { kind: 'events', status: 200, events: source, keepAlive };
}

/** A header is ASCII without spaces; a path typed with others keeps its meaning when they are encoded. */
function asciiLocation(location: string): string {
  return location.toWellFormed().replace(/[^\x21-\x7e]/gu, encodeURIComponent);
}
