import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Authenticator, definePlugin, HubError } from '@hub/core/plugin';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHub, type TestHub } from '../../testing/src/index.ts';
import { web } from '../src/index.ts';
import { complaints, findChromium, launchChromium } from './page-server.ts';

const executable = findChromium();
if (!executable && process.env.CI) throw new Error('No Chromium found: set HUB_TEST_CHROMIUM to its path.');
if (!executable)
  console.warn('Sign-in in a browser was not tested: no Chromium found; set HUB_TEST_CHROMIUM.');

const plugin = { version: '1', api: 1, provides: Authenticator } as const;
const none = { type: 'object', properties: {}, additionalProperties: false } as const;

/** A form of its own, with a one-time code (P144). */
const ownForm = definePlugin({
  ...plugin,
  name: '@hub/auth-desk',
  options: none,
  create: (): Authenticator => ({
    login: {
      form: {
        fields: ['username', 'password', 'otp'],
        html: `<form method="post" action="{{ authenticator_login_url }}" id="desk">
<input type="hidden" name="_xsrf" value="{{ xsrf }}">
<label>Desk name <input name="username" value="{{ username }}"></label>
<label>Desk code <input name="otp" inputmode="numeric"></label>
<button>Enter</button></form>`,
      },
    },
    async authenticate(_request, { username = '', otp }) {
      if (otp === '000000') throw new HubError('HUB_FORBIDDEN', 'This code is used up: ask the desk.');
      return otp === '123456' ? { name: username } : null;
    },
  }),
});

/** A provider on another site, which knows one person and asks nothing. */
async function openProvider() {
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const back = searchParams.get('back') ?? '';
    // The way back begins on the foreign site.
    response.setHeader('content-type', 'text/html');
    response.end(
      `<title>Provider</title><a id="back" href="${back.replaceAll('&', '&amp;')}">Back to the hub</a>`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // Ports are no part of a site, names are.
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function provider(origin: string) {
  return definePlugin({
    ...plugin,
    name: '@hub/auth-provider',
    options: none,
    create: (): Authenticator => ({
      login: { button: { label: 'Sign in with Provider', path: '/oauth_login' } },
      authenticate: async () => null,
      routes({ route }) {
        route('GET', '/oauth_login', { scope: 'anyone' }, ({ query, cookies, safeNext, urlOf, redirect }) => {
          const state = randomUUID();
          cookies.set('state', JSON.stringify({ state, next: safeNext(query.next) }), { maxAge: 60 });
          redirect(`${origin}/?back=${encodeURIComponent(`${urlOf('/oauth_callback')}?state=${state}`)}`);
        });
        route('GET', '/oauth_callback', { scope: 'anyone' }, async ({ query, cookies, signIn }) => {
          const { state, next } = JSON.parse(cookies.get('state') ?? '{}');
          cookies.clear('state');
          if (!state || state !== query.state) throw new HubError('HUB_BAD_REQUEST', 'Not begun here.');
          await signIn({ name: 'ada', subject: '4711' }, next);
        });
      },
      onLogout: (_login, { returnUrl }) => `${origin}/?back=${encodeURIComponent(returnUrl)}`,
    }),
  })();
}

describe.skipIf(!executable)('signing in with a browser', () => {
  let browser: Browser;
  let hub: TestHub;
  let other: Awaited<ReturnType<typeof openProvider>>;
  beforeAll(async () => {
    browser = await launchChromium(executable ?? '');
    other = await openProvider();
    hub = await createTestHub({ plugins: [ownForm(), provider(other.origin), web()] });
  });
  afterAll(async () => {
    await browser?.close();
    await hub?.[Symbol.asyncDispose]();
    await other?.[Symbol.asyncDispose]();
  });

  it('leads over a provider on another site and back, in and out again (W26a, P146)', async () => {
    const page = await browser.newPage();
    await page.goto(`${hub.url}/hub/login?next=/hub/token`);
    await page.getByText('Sign in with Provider').click();
    await page.waitForURL(`${other.origin}/**`);
    await page.click('#back');
    await page.waitForURL(`${hub.url}/hub/token`);
    const cookies = await page.context().cookies();
    expect(cookies.filter(({ name }) => name.startsWith('hub-auth'))).toEqual([]);
    expect(cookies.find(({ name }) => name === 'jupyterhub-hub-login')).toMatchObject({ httpOnly: true });

    await page.evaluate(`document.querySelector('a[href="/hub/logout"]').click()`);
    await page.waitForURL(`${other.origin}/**`);
    await page.click('#back');
    await page.waitForURL(`${hub.url}/hub/login`);
    await page.goto(`${hub.url}/hub/token`);
    expect(page.url()).toBe(`${hub.url}/hub/login?next=%2Fhub%2Ftoken`);
    await page.close();
  });

  it('cannot be finished by a browser that did not begin it', async () => {
    const page = await browser.newPage();
    await page.goto(`${hub.url}/hub/oauth_login`);
    const back = (await page.getAttribute('#back', 'href')) ?? '';
    const stranger = await (await browser.newContext()).newPage();
    const answer = await stranger.goto(back);
    expect(answer?.status()).toBe(400);
    expect(await stranger.textContent('main')).toContain('Not begun here.');
    await stranger.context().close();
    await page.close();
  });

  it('by a form of its own works under the policy of the page, and shows why it refuses (P104, P144)', async () => {
    const page = await browser.newPage();
    const found = complaints(page);
    await page.goto(`${hub.url}/hub/login?next=/hub/home`);
    const enter = async (name: string, code: string) => {
      await page.getByLabel('Desk name').fill(name);
      await page.getByLabel('Desk code').fill(code);
      await page.getByText('Enter', { exact: true }).click();
    };
    await enter('{{ 7 * 7 }}<b>', '999999');
    await page.getByText('Invalid username or password').waitFor();
    expect(await page.getByLabel('Desk name').inputValue()).toBe('{{ 7 * 7 }}<b>');
    await enter('grace', '000000');
    await page.getByText('This code is used up: ask the desk.').waitFor();
    await enter('grace', '123456');
    await page.waitForURL(`${hub.url}/hub/home`);
    // A page that answers 403 is told of on the console; nothing else is.
    expect(found.filter((text) => !text.includes('403'))).toEqual([]);
    await page.close();
  });
});
