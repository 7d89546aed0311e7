import { execFile } from 'node:child_process';
import type { Accounts } from './os-helper/accounts.ts';
import type { Account } from './os-helper/name-service-types.ts';

/** How accounts of the system are made. */
export interface AccountCommand {
  /** `USERNAME` in a word becomes the name, which is also the last word. Run without a shell. */
  readonly addUserCommand: readonly string[];
  /** Numbers by name, given to the command as `--uid N`. */
  readonly uids?: Readonly<Record<string, number>> | undefined;
}

/** Schema of an option that holds the command, without its description. */
export const addUserCommandOption = {
  type: 'array',
  items: { type: 'string' },
  minItems: 1,
  default: ['useradd', '--create-home', '--user-group', '--shell', '/bin/bash'],
} as const;

/** An account, or why there is none. */
export type MadeAccount =
  | { readonly account: Account; readonly made: boolean }
  | { readonly account: null; readonly problem: string };

/** Makes an account of the system by a command (P151). Somebody else may have been first, which is as good. */
export async function makeAccount(
  name: string,
  command: AccountCommand,
  accounts: Pick<Accounts, 'accountOf'>,
): Promise<MadeAccount> {
  const words = accountCommand(name, command);
  const { failure, output } = await run(words);
  const account = await accounts.accountOf(name);
  if (account) return { account, made: failure === null };
  const why = failure ?? 'it ended well, but the account is not there';
  return { account: null, problem: `\`${words.join(' ')}\` made no account: ${why}. ${output}`.trim() };
}

/** The command as it is run, word by word. */
export function accountCommand(
  name: string,
  { addUserCommand, uids = {} }: AccountCommand,
): readonly string[] {
  const uid = Object.hasOwn(uids, name) ? uids[name] : undefined;
  return [
    ...addUserCommand.map((word) => word.replaceAll('USERNAME', () => name)),
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
