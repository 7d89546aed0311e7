import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { type LaunchError, launchError } from './launch-error.ts';
import { type RunAs, rootEnvironment, wordsToBecome } from './run-as.ts';
import { makeFolderFor } from './safe-folder.ts';
import { isShortage } from './shortage.ts';

/**
 * What to do about a folder the account cannot use. `refuse`: a launch error. `create`: make it when it is missing.
 * `fallback`: go up until there is one it can enter, and at last take a new temporary one (P301).
 */
export type MissingFolder = 'refuse' | 'create' | 'fallback';

/** What a command would find as another account. */
export interface LookQuestion {
  readonly as: RunAs;
  readonly cwd: string;
  /** The account must be able to write there, too. */
  readonly writable?: boolean | undefined;
  readonly missingFolder?: MissingFolder | undefined;
  readonly command: string;
  readonly path: string | undefined;
}

/** The folder it can start in and the file it can run. */
export interface Looked {
  readonly cwd: string;
  readonly command: string;
}

/**
 * Looks at folder and command with the eyes of the account: root's see too much, and on a network drive too little.
 * Rejects with a launch error that names what is missing.
 */
export async function lookAs(question: LookQuestion): Promise<Looked> {
  const { as, cwd, missingFolder = 'refuse' } = question;
  const first = await look(question);
  if (first.status === answers.folder && missingFolder === 'create' && !existsSync(cwd)) {
    makeFolderFor(as, cwd);
    return found(await look(question), question);
  }
  return found(first, question);
}

interface Answer {
  readonly status: number;
  readonly words: readonly string[];
  readonly complaint: string;
}

/** Statuses no shell and no `setpriv` ends with by itself. */
const answers = { found: 60, folder: 61, read: 62, write: 63, missing: 64, refused: 65 } as const;

// It begins with a process of its own: at the limit of processes it ends with the shell's words for that.
const script = `
(:)
folder=$1 policy=$2 writable=$3 command=$4 path=$5
try() { cd -- "$1" 2>/dev/null || return 61; [ -r . ] || return 62; [ -z "$writable" ] || [ -w . ] || return 63; }
[ "$policy" != create ] || [ -e "$folder" ] || mkdir -p -m 0700 -- "$folder" 2>/dev/null
if [ "$policy" = fallback ]; then
  until try "$folder"; do
    writable=
    case $folder in /) folder=$(mktemp -d) || exit 61 ;; /*/*) folder=\${folder%/*} ;; *) folder=/ ;; esac
  done
else
  try "$folder" || exit
fi
refused=
check() {
  [ -e "$1" ] || return 1
  if [ -f "$1" ] && [ -x "$1" ]; then printf '%s\\0%s\\0' "$folder" "$1"; exit 60; fi
  refused=\${refused:-$1}
}
case $command in
  /*) check "$command" ;;
  */*) check "\${folder%/}/$command" ;;
  *) set -f; IFS=:; for place in $path; do check "\${place:-.}/$command"; done ;;
esac
[ -z "$refused" ] || { printf '%s\\0' "$refused"; exit 65; }
exit 64`;

/** A folder on a network drive may need a while to appear. */
const mostMilliseconds = 15_000;

function look({ as, cwd, missingFolder = 'refuse', writable, command, path }: LookQuestion): Promise<Answer> {
  const [program = '', ...words] = wordsToBecome(as);
  const questions = [cwd, missingFolder, writable ? 'yes' : '', command, path ?? usualPath];
  const args = [...words, '/bin/sh', '-c', script, 'hub-look', ...questions];
  const settings = {
    cwd: '/',
    env: { ...rootEnvironment },
    timeout: mostMilliseconds,
    killSignal: 'SIGKILL',
  } as const;
  return new Promise((resolve, reject) => {
    execFile(program, args, settings, (error, stdout, stderr) => {
      if (isShortage(error)) return reject(error);
      const status = typeof error?.code === 'number' ? error.code : -1;
      const late = error?.killed ? `no answer within ${mostMilliseconds / 1000} s` : '';
      resolve({
        status,
        words: stdout.split('\0'),
        complaint: late || stderr.trim() || (error?.message ?? ''),
      });
    });
  });
}

const usualPath = '/usr/local/bin:/usr/bin:/bin';

function found({ status, words, complaint }: Answer, question: LookQuestion): Looked {
  const { as, cwd, command, path } = question;
  const who = as.name ?? `uid ${as.uid}`;
  const [first = '', second = ''] = words;
  switch (status) {
    case answers.found:
      return { cwd: first, command: second };
    case answers.folder:
      throw folderError(cwd, who);
    case answers.read:
      throw launchError(
        'folder-denied',
        cwd,
        `The account ${who} may not read the folder ${cwd}${ownerOf(cwd)}.`,
      );
    case answers.write:
      throw launchError(
        'folder-denied',
        cwd,
        `The account ${who} may not write to the folder ${cwd}${ownerOf(cwd)}.`,
      );
    case answers.refused:
      throw launchError(
        'command-not-executable',
        first,
        `${first} is no file that the account ${who} may execute.`,
      );
    case answers.missing:
      if (!command.includes('/')) {
        const where = `in none of the folders of PATH=${path ?? usualPath}`;
        throw launchError(
          'command-missing',
          command,
          `The command "${command}" is ${where} for the account ${who}.`,
        );
      }
      throw existsSync(command)
        ? launchError(
            'command-not-executable',
            command,
            `The account ${who} may not reach the command ${command}.`,
          )
        : launchError('command-missing', command, `The command ${command} does not exist.`);
    default:
      if (/Resource temporarily unavailable|[Cc]annot fork/.test(complaint))
        throw crowded(cwd, who, complaint);
      throw launchError(
        'system',
        cwd,
        `Nothing can be run as the account ${who}: ${complaint || `status ${status}`}.`,
      );
  }
}

/** The limit on processes of the account, or of the control group the hub is in. */
function crowded(cwd: string, who: string, complaint: string): LaunchError {
  return launchError('processes', cwd, `The account ${who} can have no more processes: ${complaint}.`);
}

function folderError(cwd: string, who: string): LaunchError {
  const facts = statSync(cwd, { throwIfNoEntry: false });
  if (!facts) return launchError('folder-missing', cwd, `The folder ${cwd} does not exist.`);
  if (!facts.isDirectory()) return launchError('folder-missing', cwd, `${cwd} is not a folder.`);
  return launchError(
    'folder-denied',
    cwd,
    `The account ${who} may not enter the folder ${cwd}${ownerOf(cwd)}.`,
  );
}

/** Whose it is, where root may know. */
function ownerOf(path: string): string {
  try {
    return `, which belongs to uid ${statSync(path).uid}`;
  } catch {
    return ''; // a network drive need not show it to root
  }
}
