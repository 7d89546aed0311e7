import { existsSync, lstatSync, readFileSync, symlinkSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { launchFiles } from './launch-files.ts';

const names = ['secret', 'public'];
const notRoot = process.getuid?.() === 0 ? null : 'only as root';

describe('files of a launch', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hub-files-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const files = () =>
    launchFiles({ ownFolder: join(folder, 'own'), sharedFolder: join(folder, 'shared'), names });
  const modeOf = (path: string) => lstatSync(path).mode & 0o777;

  it('are for the own account alone, replaced by a second try and removed at the end', async () => {
    await files().place('7-1', { secret: 'old', public: 'old' }, null);
    const place = await files().place('7-1', { secret: 'key', public: 'certificate' }, null);
    expect([modeOf(join(folder, 'own')), modeOf(place), modeOf(join(place, 'secret'))]).toEqual([
      0o700, 0o700, 0o600,
    ]);
    expect(names.map((name) => readFileSync(join(place, name), 'utf8'))).toEqual(['key', 'certificate']);
    await files().remove('7-1');
    await files().remove('7-1');
    expect(existsSync(place)).toBe(false);
  });

  it(`for another account are its own, in a folder that it cannot change${notRoot ? ` [${notRoot}]` : ''}`, async (context) => {
    if (notRoot) return context.skip(notRoot);
    await chmod(folder, 0o711);
    const place = await files().place('7-1', { secret: 'key', public: '' }, { uid: 4711, gid: 4712 });
    expect(place).toBe(join(folder, 'shared', '7-1'));
    const [around, itself] = [lstatSync(place), lstatSync(join(place, 'secret'))];
    expect([around.uid, around.mode & 0o777]).toEqual([0, 0o711]);
    expect([itself.uid, itself.gid, itself.mode & 0o777]).toEqual([4711, 4712, 0o600]);
    await files().remove('7-1');
    expect(existsSync(place)).toBe(false);
  });

  it('are not written where others could put a link', async (context) => {
    if (notRoot) return context.skip(notRoot);
    await mkdir(join(folder, 'shared'));
    await chmod(join(folder, 'shared'), 0o777);
    await expect(files().place('7-1', { secret: 'key' }, { uid: 4711, gid: 4711 })).rejects.toThrow(
      'is not safe for root',
    );
  });

  it('do not follow a link in their place', async () => {
    const other = join(folder, 'other');
    await writeFile(other, 'kept');
    await mkdir(join(folder, 'own', '7-1'), { recursive: true });
    symlinkSync(other, join(folder, 'own', '7-1', 'secret'));
    await files().place('7-1', { secret: 'key' }, null);
    expect(readFileSync(other, 'utf8')).toBe('kept');
  });
});
