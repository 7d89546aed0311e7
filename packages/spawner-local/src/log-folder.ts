import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeSafeFolder } from '@hub/posix';

/**
 * Makes the folder of a log file. When files in it are given to users (`shared`), people may pass it, and nobody but
 * root may change it: a link in the place of a file would make root write elsewhere. Throws a launch error.
 */
export function makeLogFolder(logFile: string, shared: boolean): void {
  const folder = dirname(logFile);
  if (shared) makeSafeFolder(folder);
  else mkdirSync(folder, { recursive: true, mode: 0o700 });
}
