import { mkdirSync, statSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { resolve } from 'node:path';
import { type Launch, spawnFailure } from '@hub/core/plugin';
import type { LocalSpawnerOptions } from './options.ts';

/** Where a server starts, and what tells it whose it is. */
export interface Account {
  readonly folder: string;
  /** Set after everything else, so that no option changes them (P240). */
  readonly environment: { readonly USER: string; readonly HOME: string; readonly SHELL: string };
}

/** The account a launch runs under, its folder made where it is one of its own. Throws a spawn failure. */
export async function accountOf(launch: Launch, options: LocalSpawnerOptions): Promise<Account> {
  const { workingDirectory } = options;
  const template = typeof workingDirectory === 'function' ? await workingDirectory(launch) : workingDirectory;
  const { home, shell } = hubAccount();
  const folder = resolve(fill(template, launch.user.escapedName).replace(/^~(?=\/|$)/, home));
  makeFolder(folder, template.includes('{username}'));
  return { folder, environment: { USER: launch.user.name, HOME: folder, SHELL: shell } };
}

function fill(template: string, name: string): string {
  // A user called ".." must not end up in the folder above; all else that has a meaning in a path is encoded already.
  const safe = /^\.+$/.test(name) ? name.replaceAll('.', '%2E') : name;
  return template.replaceAll('{username}', () => safe);
}

function makeFolder(folder: string, mayMake: boolean): void {
  try {
    if (mayMake) mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (statSync(folder).isDirectory()) return;
  } catch (cause) {
    throw spawnFailure('system', `The folder ${folder} cannot be used: ${(cause as Error).message}`, {
      hint: 'See the option workingDirectory.',
      cause,
    });
  }
  throw spawnFailure('system', `${folder} is not a folder.`, { hint: 'See the option workingDirectory.' });
}

function hubAccount(): { home: string; shell: string } {
  try {
    const { homedir: home, shell } = userInfo();
    return { home, shell: shell || '/bin/sh' };
  } catch {
    // A container may run under a number no account has.
    return { home: homedir(), shell: '/bin/sh' };
  }
}
