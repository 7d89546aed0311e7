import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { followPage } from './follow-page.ts';
import { readPage } from './page.ts';

const page = readPage(path.resolve(import.meta.dirname, '../../docs/how-to/write-an-authenticator.md'));
const archives = process.env.HUB_TEST_ARCHIVES;

describe('"Write your own authenticator", followed to the letter', () => {
  it('lets its user in, from the sources', () => follow(undefined), 180_000);

  it.skipIf(!archives)(
    'lets its user in, from the packages as they are published (needs the archives that npm test packs)',
    () => follow(archives),
    180_000,
  );
});

async function follow(from: string | undefined): Promise<void> {
  const [, name = '', password = ''] =
    page.commands
      .map((command) => /^node add-person\.ts \S+ (\S+) '(.+)' staff$/.exec(command))
      .find(Boolean) ?? [];
  await using followed = await followPage(page, from);
  const { browser, hub } = followed;
  expect((await browser.get('/hub/login')).body).toContain('Members of the class');
  expect((await browser.send('POST', '/hub/login', { username: name, password: 'a guess' })).status).toBe(
    403,
  );
  expect((await browser.send('POST', '/hub/login', { username: name, password })).status).toBe(302);
  const user: unknown = JSON.parse((await browser.send('GET', '/hub/api/user')).body);
  expect(user).toMatchObject({ name: 'ada', admin: true, groups: ['staff'] });
  expect(await hub.end('SIGINT')).toBe(0);
}
