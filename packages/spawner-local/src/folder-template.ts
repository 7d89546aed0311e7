import { resolve } from 'node:path';
import type { Launch } from '@hub/core/plugin';
import type { LaunchOptions } from './options.ts';

/** The folder a server starts in, filled in, and the template it came from. */
export interface WorkingDirectory {
  readonly folder: string;
  readonly template: string;
}

/** Fills `~` and `{username}` into the working directory of a launch. */
export function workingDirectoryOf(
  launch: Launch,
  { workingDirectory: template }: LaunchOptions,
  home: string,
): WorkingDirectory {
  const filled = fill(template, launch.user.escapedName).replace(/^~(?=\/|$)/, () => home);
  return { folder: resolve(home, filled), template };
}

function fill(template: string, name: string): string {
  // A user called ".." must not end up in the folder above; all else that has a meaning in a path is encoded already.
  const safe = /^\.+$/.test(name) ? name.replaceAll('.', '%2E') : name;
  return template.replaceAll('{username}', () => safe);
}
