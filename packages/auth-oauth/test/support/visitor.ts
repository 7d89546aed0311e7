import { request } from 'undici';

/** A page that a visitor came to. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly text: string;
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

/** A browser without a window: keeps cookies, follows redirects, sends forms. Each has cookies of its own. */
export class Visitor {
  /** By origin, then by name and path. */
  readonly #jars = new Map<string, Map<string, Cookie>>();

  /** Goes there and follows redirects, until the address begins with `stopAt`, which is then not asked for. */
  async go(address: string | URL, { stopAt }: { readonly stopAt?: string } = {}): Promise<Page> {
    return this.#follow(new URL(address), 'GET', null, stopAt);
  }

  /** Sends the only form of a page, with these fields. */
  submit(page: Page, fields: Readonly<Record<string, string>> = {}, stopAt?: string): Promise<Page> {
    const action = /<form[^>]*action="([^"]*)"/.exec(page.text)?.[1];
    if (action === undefined) throw new Error(`no form at ${page.url.href}: ${page.text.slice(0, 300)}`);
    const form = new URLSearchParams(fields);
    for (const [tag] of page.text.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      const name = /name="([^"]*)"/.exec(tag)?.[1];
      const value = /value="([^"]*)"/.exec(tag)?.[1];
      if (name !== undefined && !form.has(name)) form.set(name, value ?? '');
    }
    return this.#follow(new URL(unescaped(action), page.url), 'POST', form.toString(), stopAt);
  }

  /** From the hub through login and consent at the provider, as far as it goes. */
  async signIn(
    hub: string,
    login: string,
    { next = '/hub/home', stopAt }: { next?: string; stopAt?: string } = {},
  ): Promise<Page> {
    const query = next === undefined ? '' : `?next=${encodeURIComponent(next)}`;
    return this.pass(
      await this.go(`${hub}/hub/oauth_login${query}`, stopAt ? { stopAt } : {}),
      login,
      stopAt,
    );
  }

  /** Answers what the provider asks, until it asks nothing more. */
  async pass(page: Page, login: string, stopAt?: string): Promise<Page> {
    let at = page;
    for (let step = 0; at.url.pathname.startsWith('/interaction/') && step < 5; step++) {
      at = await this.submit(at, at.text.includes('name="login"') ? { login, password: 'any' } : {}, stopAt);
    }
    return at;
  }

  /** What it sends to this address: `a=1; b=2`. */
  cookies(address: string | URL): string {
    const { origin, pathname } = new URL(address);
    const sent = [...this.#jar(origin).values()].filter(({ path }) => `${pathname}/`.startsWith(path));
    return sent.map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  async #follow(start: URL, first: 'GET' | 'POST', firstBody: string | null, stopAt?: string): Promise<Page> {
    let url = start;
    let method = first;
    let body = firstBody;
    for (let hop = 0; hop < 15; hop++) {
      if (stopAt !== undefined && url.href.startsWith(stopAt)) return { url, status: 0, text: '' };
      const answer = await request(url, {
        method,
        body,
        headers: {
          cookie: this.cookies(url),
          ...(body === null ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        },
      });
      const text = await answer.body.text();
      this.#keep(url, answer.headers['set-cookie']);
      const { location } = answer.headers;
      if (answer.statusCode < 300 || answer.statusCode > 399 || typeof location !== 'string') {
        return { url, status: answer.statusCode, text };
      }
      url = new URL(location, url);
      method = 'GET';
      body = null;
    }
    throw new Error(`too many redirects from ${start.href}`);
  }

  #keep(url: URL, set: string | string[] | undefined): void {
    for (const line of typeof set === 'string' ? [set] : (set ?? [])) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      const path = /;\s*path=([^;]*)/i.exec(line)?.[1] ?? '/';
      const jar = this.#jar(url.origin);
      const gone = value === '' || /max-age=0\b|expires=Thu, 01 Jan 1970/i.test(line);
      if (gone) jar.delete(`${name} ${path}`);
      else jar.set(`${name} ${path}`, { name, value, path });
    }
  }

  #jar(origin: string): Map<string, Cookie> {
    const jar = this.#jars.get(origin) ?? new Map<string, Cookie>();
    this.#jars.set(origin, jar);
    return jar;
  }
}

function unescaped(text: string): string {
  return text.replaceAll('&amp;', '&').replaceAll('&#x2F;', '/');
}
