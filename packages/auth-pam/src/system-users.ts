import { execFile } from 'node:child_process';
import { HubError, type Logger, type UserView } from '@hub/core/plugin';
import { type Accounts, isPossibleAccountName } from '@hub/posix';
import type { PamAuthenticatorOptions } from './options.ts';

/** Sees to it that a new user has an account of the system (P151). Throws when there is none in the end. */
export function systemUsers(
  options: PamAuthenticatorOptions,
  { accounts, log }: { accounts: Accounts; log: Logger },
): (user: UserView) => Promise<void> {
  return async ({ name }) => {
    if (!isPossibleAccountName(name)) {
      throw new HubError('HUB_BAD_REQUEST', `The system cannot have an account called "${name}".`);
    }
    if (await accounts.accountOf(name)) return;
    if (!options.createSystemUsers) {
      throw new HubError('HUB_BAD_REQUEST', `The system has no account called ${name}.`, {
        hint: 'Make it, or set createSystemUsers and let the hub make it.',
      });
    }
    const command = addUserCommand(name, options);
    const { failure, output } = await run(command);
    // Another hub may have been first.
    if (await accounts.accountOf(name)) {
      log.info({ user: name, made: failure === null }, 'the system has an account for a new user');
      return;
    }
    throw new HubError(
      'HUB_PLUGIN_FAILED',
      `\`${command.join(' ')}\` made no account: ${failure ?? 'it ended well, but the account is not there'}. ${output}`.trim(),
      { hint: 'The hub must run as root to make accounts. See addUserCommand.' },
    );
  };
}

/** The command as it is run, word by word and without a shell. */
export function addUserCommand(
  name: string,
  { addUserCommand: words, uids }: Pick<PamAuthenticatorOptions, 'addUserCommand' | 'uids'>,
): readonly string[] {
  const uid = Object.hasOwn(uids, name) ? uids[name] : undefined;
  return [
    ...words.map((word) => word.replaceAll('USERNAME', () => name)),
    ...(uid === undefined ? [] : ['--uid', String(uid)]),
    name,
  ];
}

/** Commands that make accounts lie in folders that are not on everybody's path. */
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const mostMilliseconds = 20_000;

function run([program = '', ...args]: readonly string[]): Promise<{
  failure: string | null;
  output: string;
}> {
  const settings = { env: { PATH: path, LC_ALL: 'C.UTF-8' }, cwd: '/', timeout: mostMilliseconds } as const;
  return new Promise((resolve) => {
    execFile(program, args, { ...settings, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`.trim().slice(0, 2000);
      resolve({ failure: error ? whatFailed(error) : null, output });
    });
  });
}

function whatFailed(error: Error & { code?: unknown; killed?: boolean }): string {
  if (error.killed) return `it did not end within ${mostMilliseconds / 1000} s`;
  return typeof error.code === 'number' ? `it ended with status ${error.code}` : error.message;
}
