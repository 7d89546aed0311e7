import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { launchError } from './launch-error.ts';

const usualPath = '/usr/local/bin:/usr/bin:/bin';

/**
 * The file a command means: looked up in `path` as a shell does, or relative to `cwd` when it holds a slash.
 * Throws a launch error that names what was looked at (P307).
 */
export function findCommand(
  command: string,
  { path, cwd }: { path?: string | undefined; cwd: string },
): string {
  if (command === '') throw launchError('command-missing', command, 'The command is empty.');
  const folders = (path ?? usualPath).split(delimiter);
  const candidates = command.includes('/')
    ? [resolve(cwd, command)]
    : folders.map((folder) => join(resolve(cwd, folder), command));

  let refused: string | null = null;
  for (const file of candidates) {
    const state = executable(file);
    if (state === 'yes') return file;
    if (state === 'no') refused ??= file;
  }
  if (refused) throw launchError('command-not-executable', refused, `${refused} is not an executable file.`);
  throw command.includes('/')
    ? launchError('command-missing', candidates[0] ?? command, `The command ${candidates[0]} does not exist.`)
    : launchError(
        'command-missing',
        command,
        `The command "${command}" is in none of the folders of PATH=${path ?? usualPath}.`,
      );
}

function executable(file: string): 'yes' | 'no' | 'missing' {
  try {
    if (!statSync(file).isFile()) return 'no';
    accessSync(file, constants.X_OK);
    return 'yes';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'no';
  }
}
