import { findCommand } from './find-command.ts';
import { launchError } from './launch-error.ts';
import { launchKeyVariable, launchOwnerVariable } from './launch-key.ts';

/** Another account to run as. Needs root and `setpriv`; the account's supplementary groups are set up too (P301). */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
  /** For messages. */
  readonly name?: string | undefined;
  /** Mask of the files it makes; 0o022 unless given. */
  readonly umask?: number | undefined;
  /** Processes and threads of this account at most (RLIMIT_NPROC); those it has already count. */
  readonly mostProcesses?: number | undefined;
  /** A PAM session that is open already, of this process: its groups stay, and these words of `prlimit` apply. */
  readonly session?: { readonly limits: readonly string[] } | undefined;
}

/**
 * What runs as root before the account is changed gets this environment and no other: a loader's variable among
 * those meant for the account would let it run code as root.
 */
export const rootEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
};

/** The words that change the account, to be put before a command. */
export function wordsToBecome({ uid, gid, mostProcesses, session }: RunAs): readonly string[] {
  const find = (name: string) => findCommand(name, { path: rootEnvironment.PATH, cwd: '/' });
  // Node's own uid and gid options would leave the account without its supplementary groups.
  const become = [
    find('setpriv'),
    `--reuid=${uid}`,
    `--regid=${gid}`,
    session ? '--keep-groups' : '--init-groups',
    '--inh-caps=-all',
    '--',
  ];
  const own = mostProcesses === undefined ? [] : [`--nproc=${mostProcesses}:${mostProcesses}`];
  const granted = session?.limits.filter((word) => own.length === 0 || !word.startsWith('--nproc=')) ?? [];
  const limits = [...granted, ...own];
  return limits.length === 0 ? become : [find('prlimit'), ...limits, '--', ...become];
}

/**
 * Runs as the account already, and waits for a script that ends with a mark. Whoever dies in the middle of writing
 * it leaves no mark, and nothing is run.
 */
export const gateAs = `script=$(cat <&3)
exec 3<&-
case $script in *'#open') ;; *) exit 125 ;; esac
eval "$script"
exec "$@"`;

/** What a waiting process carries to be found, of the environment it will have. */
export function waitingEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  const names = [launchKeyVariable, launchOwnerVariable].flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...rootEnvironment, ...Object.fromEntries(names) };
}

/** What the gate is told: mask, folder and the whole environment, which stands in no argument anybody may read. */
export function openingScript(cwd: string, env: Readonly<Record<string, string>>, umask = 0o022): string {
  const variables = Object.entries(env).map(([name, value]) => {
    if (value.includes('\0'))
      throw launchError('system', name, `The variable ${name} has a NUL in its value.`);
    return namesOfShells.test(name) && !readOnly.has(name) ? `export ${name}=${quoted(value)}\n` : '';
  });
  const lines = [
    `umask ${(umask & 0o777).toString(8).padStart(4, '0')}`,
    `cd -- ${quoted(cwd)} || exit 126`,
    'unset OLDPWD',
    ...Object.keys(waitingEnvironment(env)).map((name) => `unset ${name}`),
  ];
  return `${lines.join('\n')}\n${variables.join('')}#open`;
}

const namesOfShells = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** A shell that is told to set one of these ends. */
const readOnly: ReadonlySet<string> = new Set([
  'BASHOPTS',
  'BASH_VERSINFO',
  'EUID',
  'PPID',
  'SHELLOPTS',
  'UID',
]);

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
