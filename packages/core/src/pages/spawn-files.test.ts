import { afterEach, describe, expect, it } from 'vitest';
import type { Browser } from '../../test/support/browser.ts';
import { openPageHub, type PageHub, type PageHubOptions } from '../../test/support/page-hub.ts';
import { type FormSchema, fileOf } from '../plugin/index.ts';

const hubs: PageHub[] = [];
afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub[Symbol.asyncDispose]();
});

const form: FormSchema = {
  type: 'object',
  properties: {
    cores: { type: 'integer', maximum: 8, default: 1 },
    data: { type: 'file', title: 'Data', maxBytes: 1024, accept: '.csv' },
  },
  required: ['data'],
};

async function open(options: PageHubOptions = { options: { optionsForm: form } }) {
  const hub = await openPageHub(options);
  hubs.push(hub);
  const browser = await hub.signIn('ada');
  const optionsOf = async () => {
    const owner = await hub.users.get('ada');
    return (owner && (await hub.servers.find(owner, '')))?.userOptions ?? {};
  };
  const end = async () => {
    await expect.poll(async () => hub.spawner.launches.length, { timeout: 10_000 }).toBeGreaterThan(0);
    const owner = await hub.users.get('ada');
    const row = async () => owner && (await hub.servers.find(owner, ''));
    await expect.poll(async () => (await row())?.phase, { timeout: 10_000 }).toBe('ready');
    await hub.spawner.kill('ada');
    await browser.get('/hub/home');
    await expect.poll(async () => (await row())?.phase, { timeout: 10_000 }).toBe('stopped');
  };
  return { hub, browser, optionsOf, end };
}

/** Sends the form as browsers do: a file that was not chosen comes without name and bytes. */
async function send(browser: Browser, fields: readonly (readonly [string, string | File])[]) {
  const data = new FormData();
  for (const [name, value] of fields) data.append(name, value);
  const request = new Request('http://localhost', { method: 'POST', body: data });
  const headers = { 'content-type': request.headers.get('content-type') ?? '' };
  const body = await request.text();
  return browser.request('POST', `/hub/spawn/ada?_xsrf=${browser.cookie('_xsrf')}`, { headers, body });
}

const nothing = new File([], '', { type: 'application/octet-stream' });
const csv = (text: string, name = 'points.csv') => new File([text], name, { type: 'text/csv' });
const stored = (text: string, filename = 'points.csv') => ({
  filename,
  content_type: 'text/csv',
  body: { __jupyterhub_bytes__: true, data: Buffer.from(text).toString('base64') },
});

describe('a file in an options form', () => {
  it('is asked for, stored as bytes, and read by who starts the server (P233, W30)', async () => {
    const { hub, browser, optionsOf } = await open();
    const { text } = await browser.get('/hub/spawn');
    expect(text).toContain('<input type="file" accept=".csv" id="data" name="data" required> (1 kB at most)');
    const answer = await send(browser, [
      ['cores', '2'],
      ['data', csv('1,2', 'C:\\temp\\../points.csv')],
    ]);
    expect(answer.status).toBe(302);
    expect(await optionsOf()).toEqual({ cores: 2, data: stored('1,2') });
    const [launch] = hub.spawner.launches;
    const file = fileOf(launch?.userOptions.data);
    expect([file?.filename, file?.contentType, Buffer.from(file?.body ?? []).toString()]).toEqual([
      'points.csv',
      'text/csv',
      '1,2',
    ]);
  });

  it.each([
    ['that is missing', [['data', nothing]], 'This is missing.'],
    ['that is text', [['data', 'words']], 'This must be a file.'],
    ['that is too large', [['data', csv('x'.repeat(1025))]], 'This must have at most 1 kB.'],
  ] as const)('%s comes back with a sentence beside it', async (_what, fields, sentence) => {
    const { hub, browser } = await open();
    const { status, text } = await send(browser, fields);
    expect([status, text.includes(sentence)]).toEqual([400, true]);
    expect(hub.spawner.launches).toHaveLength(0);
  });

  it('of the last start is kept where that is ticked, replaced by another, and goes otherwise', async () => {
    const optional = { ...form, required: [] };
    const { browser, optionsOf, end } = await open({ options: { optionsForm: optional } });
    await send(browser, [['data', csv('old')]]);
    await end();
    const { text } = await browser.get('/hub/spawn');
    expect(text).toContain('<input type="checkbox" name="data" value="keep" checked> Keep points.csv');
    const kept = await send(browser, [
      ['data', nothing],
      ['data', 'keep'],
    ]);
    expect(kept.status).toBe(302);
    expect(await optionsOf()).toEqual({ cores: 1, data: stored('old') });
    await end();
    await send(browser, [
      ['data', csv('new', 'b.csv')],
      ['data', 'keep'],
    ]);
    expect(await optionsOf()).toEqual({ cores: 1, data: stored('new', 'b.csv') });
    await end();
    await send(browser, [['data', nothing]]);
    expect(await optionsOf()).toEqual({ cores: 1 });
  });

  it('of a profile belongs to that profile', async () => {
    const profile = (id: string) => ({
      id,
      name: id,
      description: '',
      spawner: 'fake',
      options: {},
      for: null,
      isDefault: false,
      form,
    });
    const { browser, optionsOf, end } = await open({ profiles: [profile('a'), profile('b')] });
    await send(browser, [
      ['profile', 'a'],
      ['a--data', csv('for a')],
      ['b--data', csv('for b')],
    ]);
    expect(await optionsOf()).toEqual({ profile: 'a', cores: 1, data: stored('for a') });
    await end();
    const other = await send(browser, [
      ['profile', 'b'],
      ['b--data', nothing],
      ['b--data', 'keep'],
    ]);
    expect(other.status, 'what profile a kept is not for b').toBe(400);
  });

  it('is taken by the next start that names none (R76)', async () => {
    const { hub, browser, optionsOf, end } = await open();
    await send(browser, [['data', csv('again')]]);
    await end();
    await hub.startServer('ada');
    expect(await optionsOf()).toEqual({ cores: 1, data: stored('again') });
  });
});
