import { fileOf } from '@hub/core/plugin';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHub, type TestHub } from '../../testing/src/index.ts';
import { web } from '../src/index.ts';
import { complaints, findChromium, launchChromium } from './page-server.ts';

interface HTMLInput {
  readonly validationMessage: string;
}

const executable = findChromium();
if (!executable && process.env.CI) throw new Error('No Chromium found: set HUB_TEST_CHROMIUM to its path.');
if (!executable)
  console.warn('The options form was not tested in a browser: no Chromium found; set HUB_TEST_CHROMIUM.');

// Without a browser this is the reason: nothing to run them in (locally only; CI fails above).
describe.skipIf(!executable)('profiles in a browser', () => {
  let browser: Browser;
  let hub: TestHub;
  beforeAll(async () => {
    browser = await launchChromium(executable ?? '');
    hub = await createTestHub({
      plugins: [web()],
      groups: { lab: { users: ['grace'] } },
      servers: { named: true },
      profiles: [
        { id: 'small', name: 'Small', description: 'Reading, writing, light exercises.' },
        {
          id: 'large',
          name: 'Large memory',
          form: {
            type: 'object',
            properties: {
              image: {
                title: 'Software',
                oneOf: [
                  { const: 'py', title: 'Python 3.13' },
                  { const: 'r', title: 'R 4.6' },
                ],
              },
              cores: { title: 'Cores', type: 'integer', minimum: 1, maximum: 8, default: 2 },
              debug: { title: 'Verbose log', type: 'boolean' },
              notes: { title: 'Notes', type: 'file', maxBytes: 2048, accept: '.txt' },
            },
            required: ['image'],
          },
        },
        { id: 'gpu', name: 'GPU', groups: ['lab'] },
      ],
    });
  });
  afterAll(async () => {
    await browser?.close();
    await hub?.[Symbol.asyncDispose]();
  });

  /** A page of somebody who signed in by the form. */
  async function signIn(name: string): Promise<Page> {
    const context = await browser.newContext({ reducedMotion: 'reduce' });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(`${hub.url}/hub/login?next=%2Fhub%2Fhome`);
    await page.fill('#username_input', name);
    await page.fill('#password_input', name);
    await page.click('#login_submit');
    await page.waitForURL('**/hub/home');
    return page;
  }

  it('shows what is offered; only the questions of the chosen one are seen and sent', async () => {
    const page = await signIn('ada');
    const said = complaints(page);
    await page.goto(`${hub.url}/hub/spawn`);
    expect(await page.locator('#profiles .choice__name').allTextContents()).toEqual([
      'Small',
      'Large memory',
    ]);
    expect(await page.getByLabel('Cores').isVisible()).toBe(false);

    // By keyboard alone: arrows choose, Tab goes on to the questions.
    await page.locator('input[value="small"]').focus();
    await page.keyboard.press('ArrowDown');
    expect(await page.getByLabel('Large memory').isChecked()).toBe(true);
    await page.keyboard.press('Tab');
    expect(await page.getByLabel('Software').evaluate((field) => field.matches(':focus'))).toBe(true);
    await page.getByLabel('Software').selectOption('R 4.6');
    await page.getByLabel('Cores').fill('4');
    await page.getByLabel('Verbose log').check();
    expect(said).toEqual([]);
    await page.click('#start');
    await hub.until(async () => (await hub.phase('ada')) === 'ready', 30);
    expect((await hub.server('ada')).userOptions).toEqual({
      profile: 'large',
      image: 'r',
      cores: 4,
      debug: true,
    });

    await page.goto(`${hub.url}/hub/home`);
    await page.getByText('Large memory · R 4.6').waitFor();
    await page.context().close();
  });

  it('says what is wrong beside the field, goes there, and keeps what was typed', async () => {
    const page = await signIn('bea');
    await page.goto(`${hub.url}/hub/spawn?opt-profile=large&opt-cores=99&opt-debug=on`);
    await page.getByText('Some answers need another look.').waitFor();
    const software = page.getByLabel('Software');
    expect(await software.evaluate((field) => field.matches(':focus'))).toBe(true);
    expect(await software.getAttribute('aria-describedby')).toBe('option-large--image-error');
    expect(await page.locator('#option-large--image-error').textContent()).toContain('This is needed.');
    expect(await page.locator('#option-large--cores-error').textContent()).toContain(
      'This must be 8 or less.',
    );
    expect(await page.getByLabel('Cores').inputValue()).toBe('99');
    expect(await page.getByLabel('Verbose log').isChecked()).toBe(true);
    await software.selectOption('py');
    await page.getByLabel('Cores').fill('8');
    await page.click('#start');
    await hub.until(async () => (await hub.phase('bea')) === 'ready', 30);
    expect((await hub.server('bea')).userOptions).toMatchObject({ image: 'py', cores: 8, debug: true });
    await page.context().close();
  });

  it('makes links that name the options as the schema does', async () => {
    const page = await signIn('cleo');
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(`${hub.url}/hub/spawn/cleo`);
    await page.getByLabel('Large memory').check();
    await page.getByLabel('Software').selectOption('py');
    await page.click('#copy-options');
    await page.getByText('Copied').waitFor();
    const link = new URL(await page.evaluate<string>('navigator.clipboard.readText()'));
    expect(link.pathname).toBe('/hub/spawn/cleo');
    expect([...link.searchParams]).toEqual([
      ['opt-profile', 'large'],
      ['opt-image', 'py'],
      ['opt-cores', '2'],
      ['opt-debug', 'false'],
    ]);
    await page.goto(link.href);
    await hub.until(async () => (await hub.phase('cleo')) === 'ready', 30);
    expect((await hub.server('cleo')).userOptions).toEqual({
      profile: 'large',
      image: 'py',
      cores: 2,
      debug: false,
    });
    await page.context().close();
  });

  it('takes a file, keeps it for the next start, and says at once that one is too large', async () => {
    const page = await signIn('dora');
    const said = complaints(page);
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(`${hub.url}/hub/spawn?opt-profile=large`);
    await page.getByLabel('Software').selectOption('py');
    const field = page.locator('input[type="file"]');
    const file = (size: number) => ({
      name: 'notes.txt',
      mimeType: 'text/plain',
      buffer: Buffer.alloc(size, 'a'),
    });
    await field.setInputFiles(file(2049));
    const problem = () => field.evaluate((input) => (input as unknown as HTMLInput).validationMessage);
    expect(await problem()).toBe('This file is too large. It may have 2 kB at most.');
    await field.setInputFiles(file(2048));
    expect(await problem()).toBe('');
    await page.click('#start');
    await hub.until(async () => (await hub.phase('dora')) === 'ready', 30);
    const { userOptions } = await hub.server('dora');
    expect(fileOf(userOptions?.notes)).toMatchObject({ filename: 'notes.txt', contentType: 'text/plain' });

    await (await hub.signIn('dora')).stopServer();
    await hub.until(async () => (await hub.phase('dora')) === 'stopped', 30);
    await page.goto(`${hub.url}/hub/spawn`);
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(360);
    expect(await page.getByLabel('Keep notes.txt').isChecked()).toBe(true);
    await page.click('#start');
    await hub.until(async () => (await hub.phase('dora')) === 'ready', 30);
    expect((await hub.server('dora')).userOptions).toEqual(userOptions);
    // What is not there to be loaded is the fake server.
    expect(said.filter((words) => !words.startsWith('Failed to load resource'))).toEqual([]);
    await page.context().close();
  });

  it('offers a group what is its own, for a named server too', async () => {
    const page = await signIn('grace');
    await page.goto(`${hub.url}/hub/spawn/grace/bench?display_name=The%20bench`);
    expect(await page.locator('h1').textContent()).toContain('bench');
    await page.getByLabel('GPU').check();
    await page.click('#start');
    await hub.until(async () => (await hub.phase('grace', 'bench')) === 'ready', 30);
    expect(await hub.server('grace', 'bench')).toMatchObject({
      displayName: 'The bench',
      userOptions: { profile: 'gpu' },
    });
    await page.context().close();
  });
});
