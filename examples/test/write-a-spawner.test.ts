import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { followPage } from './follow-page.ts';
import { readPage } from './page.ts';

const page = readPage(path.resolve(import.meta.dirname, '../../docs/how-to/write-a-spawner.md'));
const archives = process.env.HUB_TEST_ARCHIVES;
const minutes = 60_000;

describe('"Write your own spawner", followed to the letter', () => {
  it('starts a server and ends it, from the sources', () => follow(undefined), 10 * minutes);

  it.skipIf(!archives)(
    'starts a server and ends it, from the packages as they are published (needs the archives that npm test packs)',
    () => follow(archives),
    10 * minutes,
  );
});

async function follow(from: string | undefined): Promise<void> {
  await using followed = await followPage(page, from);
  const { browser, hub } = followed;
  const person = { username: 'ada', password: 'nine lives of a moth' };
  expect((await browser.send('POST', '/hub/login', person)).status).toBe(302);

  const server = '/hub/api/users/ada/server';
  expect([201, 202]).toContain((await browser.send('POST', server)).status);
  const greeting = async () => (await browser.get('/user/ada/')).body;
  await expect.poll(greeting, { timeout: minutes, interval: 200 }).toBe('Hello, ada!\n');

  expect([202, 204]).toContain((await browser.send('DELETE', server)).status);
  await expect.poll(greeting, { timeout: minutes, interval: 200 }).not.toContain('Hello');
  expect(await hub.end('SIGINT')).toBe(0);
}
