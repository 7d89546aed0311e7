import { readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { Place } from './support/command.ts';

const secrets = `export default emptyHub({
  database: 'postgres://hub:hunter2-of/the#db@db.example/hub',
  listenUrl: 'postgres://hub:hunter2-direct@db.example/hub',
  dataFolder: './data',
  cookies: { secret: '${'c0ffee'.repeat(8)}' },
  services: [{ name: 'cull', apiToken: 'hunter2-service' }],
  plugins: [
    authenticator({ password: 'hunter2-plugin' }),
    spawner({ environment: { API_KEY: 'hunter2-variable', SHELL: '/bin/sh' }, runAs: 'hub' }),
    table(),
  ],
  bindUrl: 'http://0.0.0.0:8000',
});`;

it('shows what is in effect with every secret masked', async () => {
  await using place = await Place.make(secrets);
  const { code, out, err } = await place.result('check');
  expect(code, err).toBe(0);
  expect(out + err).not.toMatch(/hunter2|c0ffee/);
  const shown = JSON.parse(out);
  expect(shown).toMatchObject({
    database: 'postgres://hub:[secret]@db.example/hub',
    listenUrl: 'postgres://hub:[secret]@db.example/hub',
    cookies: { secret: '[secret]', maxAgeDays: 14 },
    services: [{ name: 'cull', apiToken: '[secret]' }],
  });
  expect(shown.plugins).toMatchObject([
    { kind: 'authenticator', id: 'nobody', options: { password: '[secret]' } },
    { kind: 'spawner', options: { environment: { API_KEY: '[secret]', SHELL: '/bin/sh' } } },
    { kind: 'proxy', id: 'table' },
  ]);
});

it('remarks on servers without isolation and on an address that others reach', async () => {
  await using place = await Place.make(secrets);
  const { err } = await place.result('check');
  expect(err).toContain("@test/spawner-none (none): servers run under the hub's own account");
  expect(err).toContain('bindUrl: http://0.0.0.0:8000 can be reached from other machines.');
  expect(err).toContain('passwords and cookies travel in the clear');
});

it('makes nothing: no database, no file (P606, not copied)', async () => {
  await using place = await Place.make(`export default emptyHub({ dataFolder: './data' });`);
  const before = await readdir(place.folder, { recursive: true });
  expect((await place.result('check')).code).toBe(0);
  expect(await readdir(place.folder, { recursive: true })).toEqual(before);
});

it('lists every mistake and ends with 1', async () => {
  await using place = await Place.make(`export default emptyHub({
    bindUrl: 'nowhere', logLevel: 'loud', plugins: [authenticator(), spawner({ runas: 'hub' }), table()],
  });`);
  const { code, out, err } = await place.result('check');
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ logLevel: 'loud', plugins: [{}, {}, {}] });
  expect(err).toContain('logLevel must be one of');
  expect(err).toContain('unknown option "runas", did you mean "runAs"?');
});

it.each([
  [
    'a name that cannot be',
    "access: { admins: ['a/b'] }",
    "access.admins: 'a/b' cannot be the name of a user",
  ],
  ['a missing cookie secret', "database: 'postgres://db.example/hub'", 'There is no cookie secret'],
  ['an unknown database', "database: 'sqlite:///hub.db'", 'neither `private:<folder>` nor'],
])('finds %s', async (_, setting, sentence) => {
  await using place = await Place.make(`export default emptyHub({ dataFolder: './data', ${setting} });`);
  const { code, err } = await place.result('check');
  expect(code).toBe(1);
  expect(err).toContain(sentence);
});
