import { request as httpRequest } from 'undici';
import { CookieJar } from './cookie-jar.ts';

/** A page a {@link TestBrowser} came to. */
export interface TestPage {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** Where it is, after redirects that were followed. */
  readonly url: string;
}

const mostRedirects = 20;

/**
 * Somebody at a browser: keeps the cookies of each origin, sends the XSRF token with what it posts, runs no script.
 * No `Sec-Fetch` header goes along, as with programs; the hub takes that for a navigation.
 */
export class TestBrowser {
  readonly #home: string;
  readonly #hubPrefix: string;
  readonly #jars = new Map<string, CookieJar>();

  constructor(origin: string, hubPrefix: string) {
    this.#home = origin;
    this.#hubPrefix = hubPrefix;
  }

  /** One GET; no redirect is followed. A path is one of the hub's listener. */
  get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<TestPage> {
    return this.#send('GET', url, headers);
  }

  /** One posted form with its `_xsrf`; no redirect is followed. */
  post(url: string, form: Readonly<Record<string, string>> = {}): Promise<TestPage> {
    const { origin, pathname } = new URL(url, this.#home);
    const _xsrf = this.#jar(origin).get('_xsrf', pathname) ?? '';
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.#send('POST', url, type, new URLSearchParams({ _xsrf, ...form }).toString());
  }

  /** Opens an address and follows where it leads, to a provider and back too. */
  async open(url: string): Promise<TestPage> {
    return this.follow(await this.get(url));
  }

  /** Follows the redirects a page began. */
  async follow(from: TestPage): Promise<TestPage> {
    let page = from;
    for (let i = 0; i < mostRedirects; i++) {
      const { location } = page.headers;
      if (page.status < 300 || page.status >= 400 || typeof location !== 'string') return page;
      page = await this.get(new URL(location, page.url).href);
    }
    throw new Error(`No end of redirects at ${page.url}`);
  }

  /**
   * Signs in by the form of an authenticator, the first unless named, as a person does: opens the page, fills it in.
   * The answer is a redirect, or the page again with its refusal.
   */
  async signInByForm(
    form: Readonly<Record<string, string>>,
    { authenticator, next = '' }: { readonly authenticator?: string; readonly next?: string } = {},
  ): Promise<TestPage> {
    const query = new URLSearchParams({ ...(authenticator === undefined ? {} : { authenticator }), next });
    await this.get(`${this.#hubPrefix}login?${query}`);
    return this.post(`${this.#hubPrefix}login?${query}`, form);
  }

  /** Name of who is signed in at the hub; `null` for nobody. */
  async userName(): Promise<string | null> {
    const token = this.cookie('_xsrf', this.#hubPrefix) ?? '';
    const { status, text } = await this.get(`${this.#hubPrefix}api/user`, { 'x-xsrftoken': token });
    if (status !== 200) return null;
    const model: { readonly name: string } = JSON.parse(text);
    return model.name;
  }

  /** Value of a cookie of the hub: the last one set, or as it is sent with a request for `path`. */
  cookie(name: string, path?: string): string | undefined {
    return this.#jar(this.#home).get(name, path);
  }

  async #send(
    method: 'GET' | 'POST',
    to: string,
    headers: Readonly<Record<string, string>>,
    body: string | null = null,
  ): Promise<TestPage> {
    const url = new URL(to, this.#home);
    const jar = this.#jar(url.origin);
    const cookie = jar.header(url.pathname);
    const answer = await httpRequest(url, {
      method,
      headers: { accept: 'text/html,*/*', ...(cookie === '' ? {} : { cookie }), ...headers },
      body,
    });
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) jar.keep(line, url.pathname);
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: await answer.body.text(),
      url: url.href,
    };
  }

  #jar(origin: string): CookieJar {
    const jar = this.#jars.get(origin) ?? new CookieJar();
    this.#jars.set(origin, jar);
    return jar;
  }
}
