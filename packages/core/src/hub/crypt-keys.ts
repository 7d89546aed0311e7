import { HubError } from '../plugin/index.ts';
import type { Places } from './data-folder.ts';
import { givenSecret, readSecretFile } from './given-secret.ts';
import { makeSecretFile } from './make-secret-file.ts';
import { readCryptKeys } from './sealer.ts';

const what = 'The encryption keys';

/** The keys of a hub: the first encrypts, all decrypt (P131). */
export interface CryptKeys {
  readonly keys: readonly Uint8Array[];
  /** The setting, variable or file they came from; what to set where there are none. */
  readonly from: string;
  /** Sentences for the log. */
  readonly warnings: readonly string[];
  /** Must be made when the hub starts: it keeps auth_state or authorities, has no key, and a database of its own (design 5a). */
  readonly toBeMade: boolean;
}

/** The settings this is about. */
export interface CryptKeySettings {
  readonly cryptKeys: readonly string[];
  readonly cryptKeysFile: string;
  readonly signIn: { readonly authState: boolean };
  readonly internalTls: { readonly enabled: boolean };
}

/**
 * Finds the keys: setting, JUPYTERHUB_CRYPT_KEY, file, else the file a hub made in its data folder (W110).
 *
 * @throws HubError `HUB_START_FAILED` for a text that is no key, a file that others can read, and when auth_state
 *   is to be kept on a shared database without any.
 */
export function findCryptKeys(
  settings: CryptKeySettings,
  places: Places,
  environment: Readonly<Record<string, string | undefined>>,
): CryptKeys {
  const given = givenSecret({
    what,
    value: { name: '`cryptKeys`', text: settings.cryptKeys.join(';') },
    variable: { name: 'JUPYTERHUB_CRYPT_KEY', text: environment.JUPYTERHUB_CRYPT_KEY },
    file: { name: '`cryptKeysFile`', path: settings.cryptKeysFile },
  });
  if (given) {
    const { text, from, warnings } = given;
    const texts = settings.cryptKeys.length > 0 ? settings.cryptKeys : parted(text);
    return { keys: readCryptKeys(texts, from), from, warnings, toBeMade: false };
  }
  const usual = usualFile(places);
  const kept = readSecretFile(usual, what);
  if (kept !== null) return keysOfFile(kept, usual);
  const needed = neededBy(settings);
  if (needed && places.database.kind !== 'private') {
    throw new HubError('HUB_START_FAILED', `${needed}.`, {
      hint: 'Hubs on a shared database need the same one: set `cryptKeys`, `cryptKeysFile` or JUPYTERHUB_CRYPT_KEY. `openssl rand -hex 32` makes one.',
    });
  }
  return { keys: [], from: 'JUPYTERHUB_CRYPT_KEY', warnings: [], toBeMade: needed !== null };
}

/** What cannot do without a key; `null`: nothing. */
function neededBy({ signIn, internalTls }: CryptKeySettings): string | null {
  if (signIn.authState) return '`signIn.authState` is set and there is no key to encrypt it';
  if (!internalTls.enabled) return null;
  return '`internalTls.enabled` is set and there is no key to encrypt the private keys of its authorities';
}

/** Makes the first key of a hub with a database of its own. The data folder must be there. */
export async function makeCryptKeys(places: Places): Promise<CryptKeys> {
  const file = usualFile(places);
  return keysOfFile(await makeSecretFile(file, what), file);
}

function usualFile({ dataFolder }: Places): string {
  return `${dataFolder}/crypt-keys`;
}

function keysOfFile(text: string, file: string): CryptKeys {
  return { keys: readCryptKeys(parted(text), file), from: file, warnings: [], toBeMade: false };
}

/** Parted by `;` (P131), in a file also by lines. */
function parted(text: string): readonly string[] {
  return text
    .split(/[;\n]/)
    .map((one) => one.trim())
    .filter((one) => one !== '');
}
