import { request as httpRequest } from 'undici';

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
  readonly #jars = new Map<string, Map<string, string>>();

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
    const _xsrf = this.cookie('_xsrf') ?? '';
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
    const token = this.cookie('_xsrf') ?? '';
    const { status, text } = await this.get(`${this.#hubPrefix}api/user`, { 'x-xsrftoken': token });
    if (status !== 200) return null;
    const model: { readonly name: string } = JSON.parse(text);
    return model.name;
  }

  /** Value of a cookie of the hub, whatever its path. */
  cookie(name: string): string | undefined {
    return this.#jar(this.#home).get(name);
  }

  async #send(
    method: 'GET' | 'POST',
    to: string,
    headers: Readonly<Record<string, string>>,
    body: string | null = null,
  ): Promise<TestPage> {
    const url = new URL(to, this.#home);
    const jar = this.#jar(url.origin);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await httpRequest(url, {
      method,
      headers: { accept: 'text/html,*/*', ...(cookie === '' ? {} : { cookie }), ...headers },
      body,
    });
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) keep(jar, line);
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: await answer.body.text(),
      url: url.href,
    };
  }

  #jar(origin: string): Map<string, string> {
    const jar = this.#jars.get(origin) ?? new Map<string, string>();
    this.#jars.set(origin, jar);
    return jar;
  }
}

/** An empty value or a time gone by takes a cookie away. */
function keep(jar: Map<string, string>, line: string): void {
  const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
  const expires = /; *expires=([^;]+)/i.exec(line)?.[1];
  const isOver =
    /; *max-age=0(;|$)/i.test(line) || (expires !== undefined && Date.parse(expires) <= Date.now());
  if (value === '' || isOver) jar.delete(name);
  else jar.set(name, value);
}
