import { randomBytes } from 'node:crypto';
import { chmod, link, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { HubError } from '../plugin/index.ts';

const otherBits = 0o007;

/** Where the secret may come from, in the order it is looked for (W109). */
export interface CookieSecretSources {
  /** Hex, from the configuration; `''` for none. */
  readonly value: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** File to read; `''` means the usual one in the data folder. */
  readonly file: string;
  readonly usualFile: string;
  /** A hub on a database of its own may make one; hubs that share a database must be given the same. */
  readonly mayGenerate: boolean;
}

/** A secret, and the setting, variable or file it came from. */
export interface CookieSecret {
  readonly bytes: Buffer;
  readonly from: string;
}

/** Finds the 32 bytes that sign cookies, or makes them. Refuses a file that others can read. */
export async function findCookieSecret(sources: CookieSecretSources): Promise<CookieSecret> {
  if (sources.value !== '') return fromHex(sources.value, '`cookies.secret`');
  const fromEnvironment = sources.environment.JPY_COOKIE_SECRET;
  if (fromEnvironment) return fromHex(fromEnvironment, 'JPY_COOKIE_SECRET');
  const file = sources.file || sources.usualFile;
  const known = await readSecret(file);
  if (known) return known;
  if (sources.file !== '' || !sources.mayGenerate) {
    throw new HubError(
      'HUB_START_FAILED',
      `There is no cookie secret${sources.file === '' ? '' : ` in ${file}`}.`,
      {
        hint: 'Hubs on a shared database need the same one: set `cookies.secret`, `cookies.secretFile` or JPY_COOKIE_SECRET. `openssl rand -hex 32` makes one.',
      },
    );
  }
  return makeSecret(file);
}

async function readSecret(file: string): Promise<CookieSecret | null> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new HubError('HUB_START_FAILED', `The cookie secret ${file} cannot be read: ${error.message}.`);
  });
  if (!found) return null;
  if ((found.mode & otherBits) !== 0) {
    throw new HubError('HUB_START_FAILED', `The cookie secret ${file} can be read or changed by others.`, {
      hint: `chmod 600 ${file}`,
    });
  }
  return fromHex((await readFile(file, 'utf8')).trim(), file);
}

/** Two hubs may do this at once: the file that is there first counts. */
async function makeSecret(file: string): Promise<CookieSecret> {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  await chmod(draft, 0o600);
  await link(draft, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(draft);
  return fromHex((await readFile(file, 'utf8')).trim(), file);
}

function fromHex(text: string, from: string): CookieSecret {
  if (/^([0-9a-f]{2}){16,}$/i.test(text)) return { bytes: Buffer.from(text, 'hex'), from };
  throw new HubError('HUB_START_FAILED', `The cookie secret in ${from} is not hex of at least 16 bytes.`, {
    hint: '`openssl rand -hex 32` makes a good one.',
  });
}
