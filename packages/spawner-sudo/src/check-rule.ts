import { execFile } from 'node:child_process';
import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { SudoSpawnerOptions } from './options.ts';
import { otherCommands } from './other-commands.ts';
import { expectedRule, hubUser } from './sudo-failure.ts';

const run = promisify(execFile);

/** What keeps servers from starting, or makes the rule allow more than it should; for `hub check` and the start. */
export async function checkRule({ mediatorPath }: SudoSpawnerOptions): Promise<readonly string[]> {
  const problems = [...mediatorProblems(mediatorPath), ...procProblems()];
  if (process.getuid?.() === 0) {
    return [
      ...problems,
      'The hub runs as root: this spawner is for hubs that do not. What its rule allows was not looked at.',
    ];
  }
  return [...problems, ...(await ruleProblems(mediatorPath))];
}

function mediatorProblems(path: string): readonly string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found)
    return [`The mediator ${path} does not exist, or the hub cannot see it: see the option mediatorPath.`];
  const folder = dirname(path);
  const servers = ['sudospawner-singleuser', 'jupyterhub-singleuser'].map((name) => join(folder, name));
  return [
    // Where links lead counts as well as where they lie.
    ...[...new Set([path, ...servers].filter((file) => existsSync(file)).flatMap(onTheWayTo))]
      .filter(isOpenToOthers)
      .map(
        (file) =>
          `${file} can be changed by others than root: whoever may do so can run anything as every user.`,
      ),
    ...(servers.some((file) => existsSync(file))
      ? []
      : [
          `Neither sudospawner-singleuser nor jupyterhub-singleuser lies in ${folder}: there is nothing to start.`,
        ]),
  ];
}

function onTheWayTo(file: string): readonly string[] {
  return [...parentsOf(file), ...parentsOf(realpathSync(file))];
}

function parentsOf(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [path, ...parentsOf(parent)];
}

function isOpenToOthers(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return false;
  const sticky = found.isDirectory() && (found.mode & 0o1000) !== 0;
  return found.uid !== 0 || (!sticky && (found.mode & 0o002) !== 0) || groupMayWrite(found, sticky);
}

function groupMayWrite({ gid, mode }: { gid: number; mode: number }, sticky: boolean): boolean {
  return gid !== 0 && !sticky && (mode & 0o020) !== 0;
}

function procProblems(): readonly string[] {
  if (process.platform !== 'linux' || existsSync('/proc/1/stat')) return [];
  return [
    "/proc hides other users' processes (hidepid): ends of servers are noticed late, and leftovers not at all. " +
      "Mount it with gid= of a group of the hub's user.",
  ];
}

async function ruleProblems(mediatorPath: string): Promise<readonly string[]> {
  const rules = await sudo('-l');
  if (rules === null) return ["sudo was not found in the hub's PATH: no server can start."];
  const allowed = rules.split('\n').some((line) => line.includes('NOPASSWD:') && line.includes(mediatorPath));
  if (!allowed) {
    return [
      `sudo does not let ${hubUser()} run ${mediatorPath} without a password. Expected line in sudoers: ` +
        expectedRule(mediatorPath),
    ];
  }
  // P328: what is allowed is the mediator alone, and not as root.
  const [anything, asRoot] = await Promise.all([
    sudo('-l', '/bin/echo'),
    sudo('-l', '-u', 'root', mediatorPath),
  ]);
  const others = anything ? [] : otherCommands(rules, mediatorPath);
  return [
    ...(others.length > 0
      ? [`sudo lets ${hubUser()} run other commands, too: ${others.join(', ')}. Name the mediator alone.`]
      : []),
    ...(anything
      ? [`sudo lets ${hubUser()} run other commands, too, as root: the rule should name the mediator alone.`]
      : []),
    ...(asRoot
      ? [`sudo lets ${hubUser()} run the mediator as root: limit the rule to the group of the users.`]
      : []),
  ];
}

/** What sudo answers; `''` when it refuses, null when there is none. */
async function sudo(...args: readonly string[]): Promise<string | null> {
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' };
  try {
    return (await run('sudo', ['-n', ...args], { env, timeout: 10_000 })).stdout;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : '';
  }
}
