import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { complaints, findChromium, launchChromium, sendPage, servePages } from './page-server.ts';
import { drawPages, nasty, realistic, samplePages } from './sample-pages.ts';

const executable = findChromium();
if (!executable && process.env.CI) throw new Error('No Chromium found: set HUB_TEST_CHROMIUM to its path.');
if (!executable)
  console.warn('Browser tests were left out: no Chromium found; set HUB_TEST_CHROMIUM to its path.');

const { pages } = samplePages({
  footerLinks: [{ name: 'Help', href: '/help' }],
  announcement: 'Maintenance on <b>Sunday</b>.',
});
const drawn = { realistic: drawPages(pages, realistic), nasty: drawPages(pages, nasty) };
type PageName = keyof typeof drawn.realistic;
const names = Object.keys(drawn.realistic) as PageName[];

interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** What the fake hub was asked, and what it answers; set by each test. */
let calls: Call[] = [];
let answers: Record<string, (response: ServerResponse) => void> = {};
let streams: ServerResponse[] = [];

const json = (status: number, body: unknown) => (response: ServerResponse) =>
  void response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
const nothing = (response: ServerResponse) => void response.writeHead(204).end();

// Without a browser this is the reason: nothing to run them in (locally only; CI fails above).
describe.skipIf(!executable)('in a browser', () => {
  let browser: Browser;
  let hub: Awaited<ReturnType<typeof servePages>>;
  let opened: Page[] = [];

  beforeAll(async () => {
    browser = await launchChromium(executable ?? '');
    hub = await servePages(pages.assets.folder, async (request, response, body) => {
      const { method = '', url = '' } = request;
      calls.push({ method, url, headers: request.headers, body });
      const [path = ''] = url.split('?');
      const own = answers[`${method} ${path}`];
      if (own) return own(response);
      const [, kind, name] = path.split('/');
      const draw = kind === 'realistic' || kind === 'nasty' ? drawn[kind][name as PageName] : undefined;
      if (draw) return sendPage(response, await draw());
      if (!path.endsWith('/progress')) return json(404, { status: 404, message: 'No such thing' })(response);
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('\n\n');
      streams.push(response);
    });
  });
  afterEach(async () => {
    await Promise.all(opened.map((page) => page.context().close()));
    opened = [];
    calls = [];
    answers = {};
    streams = [];
  });
  afterAll(async () => {
    await browser?.close();
    hub?.close();
  });

  async function blank(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    const page = await context.newPage();
    opened.push(page);
    page.setDefaultTimeout(10_000);
    return page;
  }
  async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await blank(options);
    await page.goto(hub.origin + path);
    return page;
  }
  const lastCall = (method: string) => calls.findLast((call) => call.method === method);
  async function stream(): Promise<ServerResponse> {
    await expect.poll(() => streams.length).toBeGreaterThan(0);
    return streams.at(-1)!;
  }
  const tell = (to: ServerResponse, event: object) => to.write(`data: ${JSON.stringify(event)}\n\n`);

  const require = createRequire(import.meta.url);
  const scripts = ['axe-core/axe.min.js', './in-page.js'].map((name) =>
    readFileSync(require.resolve(name), 'utf8'),
  );
  /** Evaluates an expression over `in-page.js` in the page. */
  async function inPage<T>(page: Page, expression: string): Promise<T> {
    if (!(await page.evaluate('"inPage" in globalThis'))) {
      for (const script of scripts) await page.evaluate(script);
    }
    return page.evaluate<T>(`inPage.${expression}`);
  }
  const violations = (page: Page) => inPage<string[]>(page, 'violations()');
  const sideways = (page: Page) => inPage<number>(page, 'sideways()');

  describe.each(names)('%s', (name) => {
    it('is right for everybody: policy, axe in light and dark, 360 px', async () => {
      const page = await blank({ viewport: { width: 1280, height: 800 } });
      const said = complaints(page);
      await page.goto(`${hub.origin}/realistic/${name}`);
      expect(await violations(page), 'light').toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await violations(page), 'dark').toEqual([]);
      await page.setViewportSize({ width: 360, height: 740 });
      expect(await violations(page), '360 px').toEqual([]);
      expect(await sideways(page)).toBeLessThanOrEqual(0);
      expect(said).toEqual([]);
    });

    it('is harmless and fits with hostile words', async () => {
      const page = await blank({ viewport: { width: 1280, height: 800 } });
      const said = complaints(page);
      page.on('dialog', (dialog) => said.push(`dialog: ${dialog.message()}`));
      await page.goto(`${hub.origin}/nasty/${name}`);
      await page.waitForLoadState('networkidle').catch(() => {});
      expect(await page.locator('img[src="x"]').count()).toBe(0);
      expect(await sideways(page)).toBeLessThanOrEqual(0);
      await page.setViewportSize({ width: 360, height: 740 });
      expect(await sideways(page)).toBeLessThanOrEqual(0);
      // Parsing foreign HTML to clean it reports its handlers as refused, in a document that never runs them.
      expect(said.filter((text) => name !== '418' || !text.includes('inline event handler'))).toEqual([]);
    });

    it('lets the keyboard reach everything', async () => {
      const page = await open(`/realistic/${name}`);
      const wanted = await inPage<string[]>(page, 'numberFocusable()');
      const reached = new Set<number>();
      for (let presses = 0; presses < wanted.length * 2 + 5 && reached.size < wanted.length; presses += 1) {
        await page.keyboard.press('Tab');
        const nth = await inPage<string | null>(page, 'focusedNumber()');
        if (nth !== null) reached.add(Number(nth));
      }
      expect(wanted.filter((_, index) => !reached.has(index))).toEqual([]);
    });
  });

  describe('a start', () => {
    const at = '/realistic/spawn-pending';

    it('shows the queue, the steps and the log, and goes on when ready (W33)', async () => {
      const page = await open(at);
      const to = await stream();
      expect(lastCall('GET')?.url).toMatch(/progress\?_xsrf=MTIz\.token-of-this-browser$/);
      tell(to, { progress: 0, message: 'Server requested' });
      tell(to, { progress: 0, message: 'Waiting: 2 starts before yours', queue: 2 });
      await page.getByText('You are 3rd in the queue.').waitFor();
      expect(await page.title()).toContain('3rd in the queue');
      expect(await page.locator('[data-phase]').textContent()).toBe('Queued');
      tell(to, {
        progress: 50,
        message: 'Fetching',
        html_message: 'Fetching <b>it</b> <img src=x><a href="javascript:alert(1)">x</a>',
      });
      await page.locator('#progress-message b').waitFor();
      expect(await page.locator('#progress-message').innerHTML()).toBe('Fetching <b>it</b> <a>x</a>');
      expect(await page.locator('#progress-bar').getAttribute('value')).toBe('50');
      expect(await page.locator('#progress-log .log__line').count()).toBe(3);
      expect(await page.locator('[aria-current="step"]').textContent()).toContain('Starting the server');

      answers[`GET ${at}`] = (response) => void response.writeHead(302, { Location: '/user/mira/' }).end();
      tell(to, { progress: 100, ready: true, message: 'Server ready at /user/mira/', url: '/user/mira/' });
      await page.waitForURL('**/user/mira/');
    });

    it('shows a failure at once, with the log open and the way to the reason', async () => {
      const page = await open(at);
      tell(await stream(), { progress: 100, failed: true, message: 'Spawn failed: no space' });
      await page.locator('#progress-why').waitFor();
      expect(await page.locator('#progress-message').textContent()).toBe('Spawn failed: no space');
      expect(await page.locator('#progress-message').getAttribute('role')).toBe('alert');
      expect(await page.locator('#progress-bar').getAttribute('class')).toContain('progress--bad');
      expect(await page.locator('#progress-log').isVisible()).toBe(true);
      expect(await page.title()).toContain('Failed');
      expect(await violations(page)).toEqual([]);
    });

    it('shows the log of the server while it is unfolded, and a last time when it failed', async () => {
      const log = 'GET /hub/api/users/mira/servers/gpu-box/log';
      const reads = () => calls.filter(({ method, url }) => `${method} ${url}` === log).length;
      const say = (words: string) => {
        answers[log] = (response) =>
          void response.writeHead(200, { 'Content-Type': 'text/plain' }).end(words);
      };
      say('');
      const page = await open(at);
      const to = await stream();
      expect(reads()).toBe(0);
      await page.getByText('Log of the server').click();
      await expect.poll(reads).toBe(1);
      expect(await page.locator('#server-log-note').textContent()).toContain('not written anything');
      expect(await violations(page)).toEqual([]);
      say('loading <b>extensions</b>');
      await page.getByText('loading <b>extensions</b>').waitFor();
      expect(await violations(page)).toEqual([]);
      expect(calls.at(-1)?.headers['x-xsrftoken']).toBe('MTIz.token-of-this-browser');
      answers[log] = json(503, { message: 'mira is on the machine "far".' });
      await page.getByText('mira is on the machine "far".').waitFor();
      expect(await page.locator('#server-log').textContent()).toContain('extensions');
      await page.getByText('Log of the server').click();
      say('Killed');
      tell(to, { progress: 100, failed: true, message: 'Spawn failed: killed' });
      await page.getByText('Killed', { exact: true }).waitFor();
      const last = reads();
      await page.waitForTimeout(2500);
      expect(reads()).toBe(last);
    });

    it('says so when the stream breaks, looks by itself, and opens it again', async () => {
      const server = '/hub/api/users/mira/servers/gpu-box';
      answers[`GET ${server}`] = json(200, { ready: false, pending: 'spawn' });
      const page = await open(at);
      (await stream()).end();
      await page.locator('#progress-broken').waitFor();
      await expect.poll(() => streams.length, { timeout: 10_000 }).toBe(2);
      await page.locator('#progress-broken').waitFor({ state: 'hidden' });

      answers[`GET ${server}`] = json(200, { ready: true, pending: null });
      answers[`GET ${at}`] = (response) => void response.writeHead(302, { Location: '/user/mira/' }).end();
      streams.at(-1)?.end();
      await page.waitForURL('**/user/mira/');
    });

    it('tells its story and its place to browsers without scripts, and looks again by itself', async () => {
      const page = await open(at, { javaScriptEnabled: false });
      // Playwright looks for no texts inside <noscript>.
      expect(await page.locator('.log__line').allTextContents()).toEqual([
        '09:00:00Server requested',
        '09:00:03Launching the server',
      ]);
      expect(await page.locator('.log__line').first().isVisible()).toBe(true);
      const again = 'meta[http-equiv="refresh"]';
      expect(await page.locator(again).getAttribute('content')).toBe('5');
      const queued = await open(`${at}-queue`, { javaScriptEnabled: false });
      expect(await queued.locator('noscript .lead').textContent()).toBe('Starts before this one: 2');
      const scripted = await open(at);
      expect(await scripted.locator('.log__line').count()).toBe(0);
      expect(await scripted.locator(again).count()).toBe(0);
    });

    it('can be cancelled', async () => {
      answers['DELETE /hub/api/users/mira/servers/gpu-box'] = nothing;
      const page = await open(at);
      await page.locator('#stop').click();
      await page.waitForURL('**/hub/home');
      expect(lastCall('DELETE')?.headers).toMatchObject({
        'content-type': 'application/json',
        'x-xsrftoken': 'MTIz.token-of-this-browser',
      });
    });
  });

  describe('the home page', () => {
    it('stops a server and shows what the hub says then', async () => {
      const page = await open('/realistic/home');
      answers['DELETE /hub/api/users/mira/server'] = nothing;
      answers['GET /realistic/home'] = async (response) =>
        sendPage(response, await drawn.realistic['home-first']());
      await page.locator('#stop').click();
      await page.locator('#stop').waitFor({ state: 'detached' });
      expect(await page.locator('#start').getAttribute('href')).toBe('/hub/spawn/mira');
    });

    it('shows a refusal next to its cause and gives the buttons back', async () => {
      const page = await open('/realistic/home');
      answers['DELETE /hub/api/users/mira/server'] = json(400, {
        status: 400,
        message: 'mira is pending stop',
      });
      await page.locator('#stop').click();
      await page.getByText('mira is pending stop').waitFor();
      expect(await page.locator('#stop').getAttribute('aria-disabled')).toBeNull();
      expect(await page.locator('#stop').textContent()).toBe('Stop');
    });

    it('asks before it deletes; the safe button has the focus (W124)', async () => {
      const page = await open('/realistic/home');
      answers['DELETE /hub/api/users/mira/servers/thesis'] = nothing;
      await page.locator('#delete-thesis').click();
      expect(await inPage(page, "focused('textContent')")).toBe('Cancel');
      expect(await page.locator('#confirm').textContent()).toContain('Thesis figures');
      expect(await violations(page)).toEqual([]);
      await page.keyboard.press('Escape');
      expect(lastCall('DELETE')).toBeUndefined();
      await page.locator('#delete-thesis').click();
      await page.locator('#confirm-yes').click();
      await expect.poll(() => lastCall('DELETE')?.body).toBe('{"remove":true}');
    });

    it('follows a server that moves, and leaves the field alone in which somebody types', async () => {
      const page = await open('/realistic/home');
      const field = page.locator('.new-server-name');
      await field.fill('my server');
      await field.evaluate((element) => element.setAttribute('data-same', ''));
      await page.keyboard.press('Home');
      calls = [];
      await expect.poll(() => calls.length, { timeout: 8000 }).toBeGreaterThan(0);
      await expect.poll(() => page.locator('#stop-gpu-box').count()).toBe(1);
      await page.keyboard.type('x');
      expect(await field.inputValue()).toBe('xmy server');
      expect(await field.getAttribute('data-same')).toBe('');
    });

    it('makes a named server from what was typed (W124)', async () => {
      const page = await open('/realistic/home');
      answers['PUT /hub/api/users/mira/servers/gpu-box-u'] = json(201, {});
      await page.locator('.new-server-name').fill('  GPU Box   ü ');
      await page.locator('.new-server-btn').click();
      await expect.poll(() => lastCall('PUT')?.body).toBe('{"display_name":"GPU Box ü"}');
      await expect.poll(() => page.locator('.new-server-name').inputValue()).toBe('');
    });
  });

  describe('tokens', () => {
    it('makes one, shows it once and keeps it out of the form', async () => {
      const page = await open('/realistic/token');
      answers['POST /hub/api/users/mira/tokens'] = json(201, { token: 'secret-token' });
      await page.locator('#token-note').fill('Backup');
      await page.locator('#token-expiration-seconds').selectOption('3600');
      await page.locator('#token-scopes').fill('servers!user=mira, read:users!user=mira');
      expect(await page.locator('#token-scope-picker input:checked').count()).toBe(2);
      await page.getByLabel('Share servers with others').check();
      expect(await violations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Make token' }).click();
      await page.locator('#token-area').waitFor();
      expect(await page.locator('#token-result').textContent()).toBe('secret-token');
      expect(await inPage(page, "focused('id')")).toBe('token-area');
      expect(JSON.parse(lastCall('POST')?.body ?? '')).toEqual({
        note: 'Backup',
        expires_in: 3600,
        scopes: ['servers!user=mira', 'read:users!user=mira', 'shares!user=mira'],
      });
      expect(await violations(page)).toEqual([]);
    });

    it('asks for everything when nothing is picked (W126)', async () => {
      const page = await open('/realistic/token');
      answers['POST /hub/api/users/mira/tokens'] = json(201, { token: 't' });
      await page.locator('#token-note').press('Enter');
      await page.locator('#token-area').waitFor();
      expect(JSON.parse(lastCall('POST')?.body ?? '')).toEqual({ expires_in: null });
    });

    it('revokes all tokens of an application (W126)', async () => {
      const page = await open('/realistic/token');
      answers['DELETE /hub/api/users/mira/tokens/o1'] = nothing;
      answers['DELETE /hub/api/users/mira/tokens/o2'] = json(404, { message: 'gone' });
      answers['GET /realistic/token'] = async (response) =>
        sendPage(response, await drawn.realistic['token-first']());
      await page.locator('#oauth-clients-section .revoke-token-btn').click();
      await page.locator('#confirm-yes').click();
      await page.locator('#oauth-clients-section .token-row').waitFor({ state: 'detached' });
      expect(calls.filter((call) => call.method === 'DELETE')).toHaveLength(2);
      await page.getByText('No apps yet').waitFor();
    });

    it('logs one other browser out', async () => {
      const page = await open('/realistic/token');
      answers['DELETE /hub/api/users/mira/logins/l2'] = nothing;
      const rows = page.locator('#logins-section [data-row]');
      expect(await rows.count()).toBe(2);
      await rows.nth(1).getByRole('button').click();
      await page.locator('#confirm-yes').click();
      await expect.poll(() => rows.count()).toBe(1);
      expect(await rows.textContent()).toContain('This browser');
      expect(lastCall('DELETE')?.headers).toMatchObject({ 'x-xsrftoken': 'MTIz.token-of-this-browser' });
    });

    it('logs out everywhere once that is confirmed, and goes to where one signs in', async () => {
      const page = await open('/realistic/token');
      const login = '/realistic/login';
      answers['DELETE /hub/api/users/mira/logins'] = (response) => {
        answers['GET /realistic/token'] = (next) => void next.writeHead(302, { Location: login }).end();
        nothing(response);
      };
      await page.locator('#logout-everywhere').click();
      await page.locator('#confirm').getByText('Cancel').click();
      expect(lastCall('DELETE')).toBeUndefined();
      await page.locator('#logout-everywhere').click();
      await page.locator('#confirm-yes').click();
      await page.waitForURL(`**${login}`);
      expect(lastCall('DELETE')).toMatchObject({ url: '/hub/api/users/mira/logins', body: '' });
    });

    it('says so when logging out everywhere is refused', async () => {
      const page = await open('/realistic/token');
      answers['DELETE /hub/api/users/mira/logins'] = json(403, { status: 403, message: 'Not you' });
      await page.locator('#logout-everywhere').click();
      await page.locator('#confirm-yes').click();
      await page.locator('#logins-error').getByText('Not you').waitFor();
      expect(await page.locator('#logout-everywhere').isEnabled()).toBe(true);
    });
  });

  describe('small things', () => {
    it('signs in without scripts', async () => {
      const page = await open('/realistic/login', { javaScriptEnabled: false });
      await page.locator('#username_input').fill('mira');
      await page.locator('#password_input').fill(' secret ');
      await page.locator('#login_submit').click();
      const sent = new URLSearchParams(lastCall('POST')?.body);
      expect(Object.fromEntries(sent)).toEqual({
        _xsrf: 'MTIz.token-of-this-browser',
        authenticator: 'pam',
        username: 'mira',
        password: ' secret ',
      });
    });

    it('shows and hides the password', async () => {
      const page = await open('/realistic/login');
      const button = page.getByRole('button', { name: 'Show password' });
      await button.click();
      expect(await page.locator('#password_input').getAttribute('type')).toBe('text');
      expect(await button.getAttribute('aria-pressed')).toBe('true');
    });

    it('remembers the theme', async () => {
      const page = await open('/realistic/home');
      await page.locator('[data-theme-toggle]').click();
      await page.locator('[data-theme-toggle]').click();
      await page.reload();
      expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
      expect(await page.locator('[data-theme-toggle]').getAttribute('aria-label')).toBe('Theme: dark');
    });

    it('keeps the fragment on the way back (W39) and drops the redirect counter (W37)', async () => {
      const page = await open('/realistic/not-running?a=1&redirects=3#cell-7');
      await expect.poll(() => page.locator('#start').getAttribute('href')).toMatch(/%2Flab#cell-7$/);
      expect(page.url()).toMatch(/not-running\?a=1#cell-7$/);
    });

    it('sends the options form once, as multipart', async () => {
      const page = await open('/realistic/spawn');
      await page.locator('#start').click();
      await expect.poll(() => lastCall('POST')?.url).toBe('/hub/spawn/mira/thesis?_xsrf=abc');
      expect(lastCall('POST')?.headers['content-type']).toContain('multipart/form-data');
    });

    it('names servers by the rules of R79', async () => {
      const page = await open('/realistic/logout');
      const script = await page.evaluateHandle<{ slug(name: string, taken?: string[]): string }>(
        "import('/hub/static/slug.js')",
      );
      const slugs = await script.evaluate(({ slug }) => {
        const typed = ['GPU Box ü', 'My Server!', '42 things', 'gpu', 'a'.repeat(40), 'Straße — 7', '数据'];
        return [...typed.map((name) => slug(name)), slug('数据', ['server'])];
      });
      expect(slugs).toEqual([
        'gpu-box-u',
        'my-server',
        'x-42-things',
        'gpu',
        'a'.repeat(30),
        'stra-e-7',
        'server',
        'server-2',
      ]);
    });

    it('cleans foreign HTML down to a few elements', async () => {
      const page = await open('/realistic/logout');
      const foreign = [
        '<b onclick="x()" style="color:red">a</b><script>bad()</script><p>b <code>c</code></p>',
        '<a href="/x?y=1">p</a><a href="//evil.example">q</a><a href="JavaScript:1">r</a><a href="https://ok.example/z">s</a>',
        '<svg><a href="/x">t</a></svg><template><b>v</b></template><iframe src="/"></iframe><style>w</style>',
      ];
      await inPage(page, 'sideways()');
      const cleaned = await page.evaluate(
        `import('/hub/static/sanitize.js').then(({ sanitize }) => inPage.cleanAll(sanitize, ${JSON.stringify(foreign)}))`,
      );
      const rel = 'rel="noopener noreferrer"';
      expect(cleaned).toEqual([
        '<b>a</b>b <code>c</code>',
        `<a href="${hub.origin}/x?y=1" ${rel}>p</a><a>q</a><a>r</a><a href="https://ok.example/z" ${rel}>s</a>`,
        '',
      ]);
    });

    it('paints the colour of the site, which the policy allows', async () => {
      const { pages } = samplePages({ brandColor: '#8a1538' });
      const html = await drawPages(pages, realistic).logout();
      answers['GET /branded'] = (response) => sendPage(response, html);
      const page = await open('/branded');
      expect(await inPage(page, "property('--brand')")).toBe('#8a1538');
    });
  });
});
