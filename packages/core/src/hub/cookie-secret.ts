import { quotedPath } from '@hub/posix';
import { HubError } from '../plugin/index.ts';
import { givenSecret, readSecretFile } from './given-secret.ts';
import { makeSecretFile } from './make-secret-file.ts';

const what = 'The cookie secret';
const usualBytes = 32;

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
  /** Sentences for the log. */
  readonly warnings: readonly string[];
}

/**
 * Finds the 32 bytes that sign cookies, or makes them.
 *
 * @throws HubError `HUB_START_FAILED` for a file that others can read, a text that is not hex, or no secret at all;
 *   the hint is what to do.
 */
export async function findCookieSecret(sources: CookieSecretSources): Promise<CookieSecret> {
  const found = knownCookieSecret(sources);
  if (found) return found;
  if (sources.mayGenerate) {
    return fromHex(await makeSecretFile(sources.usualFile, what), sources.usualFile);
  }
  throw new HubError('HUB_START_FAILED', 'There is no cookie secret.', {
    hint: 'Hubs on a shared database need the same one: set `cookies.secret`, `cookies.secretFile` or JPY_COOKIE_SECRET. `openssl rand -hex 32` makes one.',
  });
}

/** The same without making one: `null` when a hub would have to. */
export function knownCookieSecret(sources: CookieSecretSources): CookieSecret | null {
  const { value, environment, file, usualFile } = sources;
  const given = givenSecret({
    what,
    value: { name: '`cookies.secret`', text: value },
    variable: { name: 'JPY_COOKIE_SECRET', text: environment.JPY_COOKIE_SECRET },
    file: { name: '`cookies.secretFile`', path: file },
  });
  if (given) return fromHex(given.text, given.from, given.warnings);
  const usual = readSecretFile(usualFile, what);
  return usual === null ? null : fromHex(usual, usualFile);
}

function fromHex(text: string, from: string, warnings: readonly string[] = []): CookieSecret {
  if (!/^([0-9a-f]{2}){16,}$/i.test(text)) {
    throw new HubError('HUB_START_FAILED', `${what} in ${from} is not hex of at least 16 bytes.`, {
      hint: from.startsWith('/')
        ? `openssl rand -hex 32 > ${quotedPath(from)}`
        : '`openssl rand -hex 32` makes a good one.',
    });
  }
  const bytes = Buffer.from(text, 'hex');
  const long = bytes.length > usualBytes ? [`${what} in ${from} is longer than ${usualBytes} bytes.`] : [];
  return { bytes, from, warnings: [...warnings, ...long] };
}
