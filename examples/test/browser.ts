import { type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * Keeps cookies and sends the XSRF token, as a browser does. Not `fetch`: that says `Sec-Fetch-Mode: cors` with
 * every request, and no page is opened like that.
 */
export class Browser {
  readonly #origin: string;
  readonly #cookies = new Map<string, string>();

  constructor(origin: string) {
    this.#origin = origin;
  }

  get(path: string): Promise<Answer> {
    return this.#send('GET', path);
  }

  /** Sends a form, or nothing. */
  send(method: string, path: string, form?: Readonly<Record<string, string>>): Promise<Answer> {
    const xsrf = this.#cookies.get('_xsrf') ?? '';
    if (!form) return this.#send(method, path, { 'x-xsrftoken': xsrf });
    const body = new URLSearchParams({ ...form, _xsrf: xsrf }).toString();
    return this.#send(method, path, { 'content-type': 'application/x-www-form-urlencoded' }, body);
  }

  #send(method: string, path: string, headers: Record<string, string> = {}, body = ''): Promise<Answer> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return new Promise((resolve, reject) => {
      const sent = request(new URL(path, this.#origin), { method, headers: { ...headers, cookie } });
      sent.on('error', reject);
      sent.on('response', async (answer) => {
        for (const line of answer.headers['set-cookie'] ?? []) this.#keep(line);
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) });
      });
      sent.end(body);
    });
  }

  #keep(line: string): void {
    const pair = line.split(';', 1)[0] ?? '';
    const name = pair.slice(0, pair.indexOf('=')).trim();
    this.#cookies.set(name, pair.slice(pair.indexOf('=') + 1));
  }
}
