import { mkdir } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { HubError } from '../plugin/index.ts';

/** Which database, and where this hub's files are. */
export interface Places {
  readonly dataFolder: string;
  readonly database:
    | { readonly kind: 'private'; readonly folder: string }
    | { readonly kind: 'url'; readonly url: string };
}

/** Works out the folders of a configuration (design section 6). */
export function findPlaces(settings: { readonly dataFolder: string; readonly database: string }): Places {
  const usual = process.getuid?.() === 0 ? '/var/lib/hub' : 'hub-data';
  const named = settings.database.startsWith('private:') ? settings.database.slice('private:'.length) : '';
  const dataFolder = resolve(settings.dataFolder || named || usual);
  if (/^postgres(ql)?:\/\//.test(settings.database))
    return { dataFolder, database: { kind: 'url', url: settings.database } };
  if (settings.database === '' || settings.database.startsWith('private:')) {
    const folder = named === '' ? dataFolder : isAbsolute(named) ? named : resolve(named);
    return { dataFolder, database: { kind: 'private', folder } };
  }
  throw new HubError(
    'HUB_CONFIG_INVALID',
    '`database` is neither `private:<folder>` nor a `postgres://` address.',
  );
}

/** Makes the folder if it is missing, for its owner alone. */
export async function makeDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new HubError(
      'HUB_START_FAILED',
      `The data folder ${folder} cannot be made: ${(error as Error).message}.`,
      {
        hint: 'Set `dataFolder` to a place this account may write.',
        cause: error,
      },
    );
  }
}
