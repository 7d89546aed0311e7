import { randomBytes } from 'node:crypto';
import { link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HubError } from '../plugin/index.ts';
import { readSecretFile } from './given-secret.ts';

/**
 * Makes 32 random bytes as hex in a file of mode 0600 and returns the text. The file appears whole and on disk, or
 * not at all; of two hubs that do this at once the first one's counts for both.
 */
export async function makeSecretFile(path: string, what: string): Promise<string> {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${randomBytes(32).toString('hex')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    // A link, since a rename would take the place of the secret of the hub that was first.
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await syncFolder(dirname(path));
  } catch (error) {
    throw new HubError(
      'HUB_START_FAILED',
      `${what} cannot be kept in ${path}: ${(error as Error).message}.`,
      {
        hint: 'Set `dataFolder` to a place this account may write.',
        cause: error,
      },
    );
  } finally {
    await rm(draft, { force: true });
  }
  const text = readSecretFile(path, what);
  if (text !== null) return text;
  throw new HubError('HUB_START_FAILED', `${what} in ${path} vanished while it was made.`);
}

/** What a folder holds is on disk only when the folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
