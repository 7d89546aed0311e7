import { mkdirSync, statSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { type Launch, spawnFailure } from '@hub/core/plugin';
import type { Account } from './account.ts';
import { workingDirectoryOf } from './folder-template.ts';
import type { LaunchOptions } from './options.ts';

/** The hub's own account, with the working directory as home (P309). Throws a spawn failure. */
export function hubAccount(launch: Launch, options: LaunchOptions): Account {
  const { home, shell } = ownAccount();
  const { folder, template } = workingDirectoryOf(launch, options, home);
  makeFolder(folder, template.includes('{username}'));
  return {
    folder,
    environment: { USER: launch.user.name, HOME: folder, SHELL: shell },
    as: null,
    missingFolder: 'refuse',
    writableFolder: false,
  };
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

function ownAccount(): { home: string; shell: string } {
  try {
    const { homedir: home, shell } = userInfo();
    return { home, shell: shell || '/bin/sh' };
  } catch {
    // A container may run under a number no account has.
    return { home: homedir(), shell: '/bin/sh' };
  }
}
