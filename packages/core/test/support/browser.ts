import http from 'node:http';

/** An answer, read to its end. */
export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

/** What a request may carry. */
export interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * Speaks HTTP like a browser that follows no redirect: cookies are kept, and no `Sec-Fetch` header is sent, which
 * Node's `fetch` could not be kept from (it would pass for a script of some page).
 */
export class Browser {
  readonly #origin: string;
  readonly #cookies = new Map<string, string>();

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Value of a cookie, whatever its path. */
  cookie(name: string): string | undefined {
    return this.#cookies.get(name);
  }

  request(method: string, path: string, { headers = {}, body }: Sent = {}): Promise<Reply> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const all = {
      ...(cookie !== '' && { cookie }),
      ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const request = http.request(new URL(path, this.#origin), { method, headers: all }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          this.#keep(response.headers['set-cookie'] ?? []);
          const text = Buffer.concat(parts).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.request('GET', path, { headers });
  }

  /** Posts a form; several values of one name are given as pairs. */
  post(
    path: string,
    form: Readonly<Record<string, string>> | readonly (readonly [string, string])[] = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Reply> {
    const pairs = Array.isArray(form) ? form : Object.entries(form);
    const body = new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString();
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.request('POST', path, { headers: { ...type, ...headers }, body });
  }

  #keep(setCookies: readonly string[]): void {
    for (const text of setCookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      if (/; *max-age=0/i.test(text) || /; *expires=[^;]* 1970/i.test(text) || value === '')
        this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }
}
