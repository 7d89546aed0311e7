import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hubCode, Place } from './support/command.ts';

/** What `hub check` says of a configuration. */
async function checked(code: string): Promise<{ code: number | null; out: string; err: string }> {
  await using place = await Place.make(code);
  return await place.result('check');
}

describe('a configuration file', () => {
  it.each([
    ['has no default export', 'export const hub = 1;', 'has no default export'],
    ['exports something else', 'export default 7;', 'The default export of'],
    ['returns something else', 'export default () => [];', 'is not a configuration'],
    ['cannot be read', 'export default {', 'cannot be read as a program'],
    [
      'imports what a module lacks',
      "import { nothing } from 'node:fs';",
      "does not provide an export named 'nothing'",
    ],
    ['imports what is not there', "import 'not-installed';", 'imports something that is not there'],
    ['throws', "throw new Error('no such luck');", 'failed while it was loaded: no such luck'],
    [
      'throws when called',
      "export default () => { throw new Error('later') };",
      'failed while it was loaded: later',
    ],
    ['throws text', "throw 'words';", 'failed while it was loaded: words'],
    ['has lines that are none', `${hubCode(0)} export const afterStart = 'x';`, '`afterStart` of'],
  ])('that %s is refused with a sentence (P602)', async (_, code, sentence) => {
    const { code: exit, err } = await checked(code);
    expect(exit).toBe(1);
    expect(err).toContain(sentence);
    expect(err).not.toMatch(/^\s+at /m);
  });

  it('names the line of a mistake in its syntax', async () => {
    const { err } = await checked('\n\nconst = 1;');
    expect(err).toMatch(/hub\.config\.ts:4\)/);
  });

  it('that is not there, or is a folder, is said to be so (P602)', async () => {
    await using place = await Place.make('');
    await rm(path.join(place.folder, 'hub.config.ts'));
    const none = await place.result('start');
    expect(none).toMatchObject({ code: 1, out: '' });
    expect(none.err).toContain('There is no hub.config.ts in ');
    expect((await place.result('start', '-f', 'x.ts')).err).toMatch(/^There is no file \/.*\/x\.ts\.\n$/);
    await mkdir(path.join(place.folder, 'conf'));
    expect((await place.result('start', '-f', 'conf')).err).toMatch(/conf is a folder\.\n/);
  });

  it('may be a function, and JavaScript', async () => {
    await using place = await Place.make('');
    await rm(path.join(place.folder, 'hub.config.ts'));
    await place.write('hub.config.mjs', hubCode(4711).replace('emptyHub', 'async () => emptyHub'));
    const { code, out } = await place.result('check');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ hub: { port: 4711 } });
  });

  it('is what relative paths in it start from', async () => {
    await using place = await Place.make('');
    await mkdir(path.join(place.folder, 'conf'));
    const code = hubCode(0, { database: 'private:../db', cookies: { secret: 'ab'.repeat(32) } });
    await place.write('conf/hub.config.ts', code);
    const { out } = await place.result('check', '-f', 'conf/hub.config.ts');
    expect(JSON.parse(out)).toMatchObject({
      dataFolder: path.join(place.folder, 'conf/data'),
      database: `private:${path.join(place.folder, 'db')}`,
    });
  });
});
