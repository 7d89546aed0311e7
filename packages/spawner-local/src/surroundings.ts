import { HubError } from '@hub/core/plugin';
import { findCommand, isLaunchError } from '@hub/posix';
import { refuseExposure } from './exposure.ts';
import { makeLogFolder } from './log-folder.ts';
import type { LocalSpawnerOptions } from './options.ts';
import { problemOfSessions } from './pam-service.ts';

/** Throws unless the spawner can do here what it is asked for. */
export async function checkSurroundings(
  options: LocalSpawnerOptions,
  bindUrl: string,
  logFile: string,
): Promise<void> {
  const ofSessions = await problemOfSessions(options);
  if (ofSessions) throw new HubError('HUB_START_FAILED', `localSpawner: ${ofSessions}`);
  if (options.runAs === 'hub') {
    refuseExposure(bindUrl, options.iKnowUsersShareTheHubAccount);
    return;
  }
  const problem = problemOfUsers();
  if (problem) throw new HubError('HUB_START_FAILED', problem, { hint: otherWays });
  try {
    makeLogFolder(logFile, true);
  } catch (cause) {
    if (!isLaunchError(cause)) throw cause;
    throw new HubError('HUB_START_FAILED', cause.message, {
      cause,
      hint: 'Name a folder below folders of root with the option logFolder, such as /var/log/hub.',
    });
  }
}

/** What each start and `hub check` tell about the options. */
export async function doubts(options: LocalSpawnerOptions): Promise<readonly string[]> {
  const ofSessions = await problemOfSessions(options);
  return [...doubtsOfAccounts(options), ...(ofSessions ? [ofSessions] : [])];
}

function doubtsOfAccounts({ runAs }: LocalSpawnerOptions): readonly string[] {
  if (runAs === 'hub') {
    return ["runAs: 'hub' isolates nobody: each server can read everything the hub's account can."];
  }
  const problem = problemOfUsers();
  return problem ? [`${problem} ${otherWays}`] : [];
}

const otherWays = "Run the hub as root, use @hub/spawner-sudo, or runAs: 'hub', which isolates nobody.";

/** Why nobody can be made another account here. */
function problemOfUsers(): string | null {
  const uid = process.getuid?.();
  if (process.platform !== 'linux') return "localSpawner({ runAs: 'user' }) needs Linux.";
  if (uid !== 0) {
    return `localSpawner({ runAs: 'user' }) needs a hub that runs as root; this one runs as uid ${uid}.`;
  }
  try {
    findCommand('setpriv', {
      path: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      cwd: '/',
    });
    return null;
  } catch {
    return "localSpawner({ runAs: 'user' }) needs the command setpriv, of the package util-linux.";
  }
}
