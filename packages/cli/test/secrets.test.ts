import { chmod, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { freePort, hubCode, Place } from './support/command.ts';

it('a hub with a database of its own makes its secrets for itself alone (design 5a)', async () => {
  await using place = await Place.make(hubCode(await freePort(), { signIn: { authState: true } }));
  const file = (name: string) => path.join(place.folder, 'data', name);
  {
    await using hub = await place.served();
    hub.signal('SIGTERM');
    expect(await hub.ended).toBe(0);
  }
  for (const name of ['cookie-secret', 'crypt-keys']) {
    expect((await stat(file(name))).mode & 0o777).toBe(0o600);
    expect(await readFile(file(name), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
  }
  expect(await place.result('db', 'rekey')).toMatchObject({
    code: 0,
    out: 'Encrypted anew: 0. With the first key before: 0. Not opened: 0.\n',
  });

  // Both commands say the same of a file that others can read.
  await chmod(file('crypt-keys'), 0o644);
  for (const command of ['start', 'check']) {
    const refused = await place.result(command);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain(`chmod 600 '${file('crypt-keys')}'`);
  }
});

it('paths of secrets begin at the folder of the configuration', async () => {
  await using place = await Place.make(hubCode(await freePort(), { cryptKeysFile: './keys' }));
  const refused = await place.result('check');
  expect(refused.code).toBe(1);
  expect(refused.err).toContain(`openssl rand -hex 32 > '${path.join(place.folder, 'keys')}'`);
});
