import { spawnRefusal } from '@hub/core/plugin';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHub, type TestHub } from '../../testing/src/index.ts';
import { web } from '../src/index.ts';
import { findChromium, launchChromium } from './page-server.ts';

const executable = findChromium();
if (!executable && process.env.CI) throw new Error('No Chromium found: set HUB_TEST_CHROMIUM to its path.');
if (!executable) console.warn('The queue was not tested in a browser: no Chromium found.');

const refuge = Promise.withResolvers<void>();

/** Says no to gus, at once or when the test is there to see it. */
async function refuse(name: string): Promise<undefined> {
  if (!name.startsWith('gus')) return;
  if (name === 'gus-later') await refuge.promise;
  const messageHtml =
    'All GPUs are taken, see the <a href="https://status.example/gpus">status</a><img src=x onerror="document.title=1">';
  throw spawnRefusal('All GPUs are taken.', { status: 503, reason: 'capacity', messageHtml });
}

// Without a browser this is the reason: nothing to run them in (locally only; CI fails above).
describe.skipIf(!executable)('a hub whose places are taken, from a phone', () => {
  let browser: Browser;
  let hub: TestHub;
  const gates = new Map<string, () => void>();

  beforeAll(async () => {
    browser = await launchChromium(executable ?? '');
    hub = await createTestHub({
      plugins: [web()],
      servers: { concurrentStarts: 1, slowStart: 0, activeLimit: 4 },
      hooks: { beforeSpawn: ({ user }) => refuse(user.name) },
    });
    for (const name of ['ada', 'bea', 'cleo', 'dora']) {
      const gate = Promise.withResolvers<void>();
      gates.set(name, gate.resolve);
      hub.engine.plan(name, { beforeSave: gate.promise, progress: [{ progress: 30, message: 'Unpacking' }] });
    }
  });
  afterAll(async () => {
    await browser?.close();
    await hub?.[Symbol.asyncDispose]();
  });

  async function signIn(name: string, more: BrowserContextOptions = {}): Promise<Page> {
    const viewport = { width: 360, height: 740 };
    const context = await browser.newContext({ reducedMotion: 'reduce', viewport, ...more });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    await page.goto(`${hub.url}/hub/login?next=%2Fhub%2Fhome`);
    await page.fill('#username_input', name);
    await page.fill('#password_input', name);
    await page.click('#login_submit');
    await page.waitForURL('**/hub/home');
    return page;
  }
  const width = (page: Page) => page.evaluate<number>('document.documentElement.scrollWidth');
  const startOf = async (name: string) => (await hub.signIn(name)).startServer();

  it('shows the place in the queue, moves up, and leads to the server (W33)', async () => {
    await startOf('ada');
    await hub.until(async () => (await hub.phase('ada')) === 'starting', 30);
    await startOf('bea');
    await startOf('cleo');

    const page = await signIn('dora');
    await page.click('#start');
    await page.waitForURL('**/hub/spawn-pending/dora');
    await page.getByText('You are 3rd in the queue.').waitFor();
    expect(await width(page)).toBeLessThanOrEqual(360);
    const home = await page.context().newPage();
    await home.goto(`${hub.url}/hub/home`);
    expect(await home.locator('#default-server [data-phase]').textContent()).toBe('Queued');
    expect(await width(home)).toBeLessThanOrEqual(360);
    await home.close();
    // Without scripts the page tells it as well.
    const state = await page.context().storageState();
    const plain = await (
      await browser.newContext({ storageState: state, javaScriptEnabled: false })
    ).newPage();
    await plain.goto(`${hub.url}/hub/spawn-pending/dora`);
    expect(await plain.locator('noscript .lead').textContent()).toBe('Starts before this one: 2');
    await plain.context().close();

    await (await hub.signIn('cleo')).stopServer();
    await page.getByText('You are 2nd in the queue.').waitFor();
    gates.get('ada')?.();
    await page.getByText('You are 1st in the queue.').waitFor();
    gates.get('bea')?.();
    await page.getByText('Unpacking').first().waitFor();
    expect(await page.locator('[data-phase]').textContent()).toBe('Starting');
    gates.get('dora')?.();
    await page.waitForURL('**/user/dora/**');
    await hub.until(async () => (await hub.phase('dora')) === 'ready', 30);
    await page.context().close();
  });

  it('shows a refusal with its markup, cleaned: on the page of a failed start and while one is followed (P239)', async () => {
    const page = await signIn('gus');
    await page.goto(`${hub.url}/hub/spawn`);
    const link = page.getByRole('link', { name: 'status' });
    await link.waitFor();
    expect(await link.getAttribute('href')).toBe('https://status.example/gpus');
    expect(await page.locator('main img').count()).toBe(0);
    expect(await width(page)).toBeLessThanOrEqual(360);
    await page.context().close();

    const later = await signIn('gus-later');
    await later.click('#start');
    await later.waitForURL('**/hub/spawn-pending/gus-later');
    refuge.resolve();
    await later.locator('#progress-why').waitFor();
    const told = later.locator('#progress-message').getByRole('link', { name: 'status' });
    expect(await told.getAttribute('href')).toBe('https://status.example/gpus');
    expect(await later.locator('main img').count()).toBe(0);
    await later.click('#progress-why');
    await later.getByRole('heading', { name: 'did not start' }).waitFor();
    expect(await later.getByRole('link', { name: 'status' }).count()).toBe(1);
    await later.context().close();
  });

  it('says so when all servers there may be are running (W32)', async () => {
    await startOf('emil'); // the fourth, with cleo gone
    await hub.until(async () => (await hub.phase('emil')) === 'ready', 30);
    const page = await signIn('fay');
    await page.click('#start');
    await page.getByText('Active user limit exceeded. Try again in a few minutes.').waitFor();
    expect(await width(page)).toBeLessThanOrEqual(360);
    expect(await hub.phase('fay')).toBe('stopped');
    await page.context().close();
  });
});
