import { userInfo } from 'node:os';
import { spawnFailure } from '@hub/core/plugin';

/** What was asked of sudo. */
export interface SudoCall {
  readonly mediatorPath: string;
  readonly account: string;
}

type Words = readonly [message: string, hint?: string];

/** What sudo says, in whatever version, and what it means. It is asked to speak English. */
const meanings: readonly (readonly [RegExp, (call: SudoCall) => Words])[] = [
  [
    /a password is required|is not allowed to execute|is not in the sudoers file|may not run sudo/i,
    ({ mediatorPath, account }) => [
      `The rule of sudo does not allow the hub's user ${hubUser()} to run ${mediatorPath} as ${account} without a password.`,
      `Put ${account} into the group of the rule, or mend the rule. Expected line in sudoers: ${expectedRule(mediatorPath)}`,
    ],
  ],
  [/unknown user/i, ({ account }) => [`sudo knows no user "${account}".`]],
  [
    /must have a tty/i,
    ({ mediatorPath }) => [
      'sudo asks for a terminal (requiretty), and a hub has none.',
      `Add to sudoers: Defaults!${mediatorPath} !requiretty`,
    ],
  ],
  [
    /no new privileges/i,
    () => [
      'sudo cannot change users here: the "no new privileges" flag is set.',
      "Take NoNewPrivileges and what implies it out of the hub's systemd unit, or allow it in the container.",
    ],
  ],
  [
    /effective uid is not 0|must be owned by uid 0/i,
    () => ['sudo cannot become root here.', 'Its file system may be mounted with nosuid.'],
  ],
  [
    /command not found|no such file/i,
    ({ mediatorPath }) => [
      `The mediator ${mediatorPath} does not exist, or may not be executed.`,
      'See the option mediatorPath.',
    ],
  ],
  [
    /you do not exist in the passwd database/i,
    () => ["The hub's own user has no account on this machine, so sudo refuses to work for it."],
  ],
  [
    /PAM account management|account (has )?expired/i,
    ({ account }) => [`PAM refused: the account of the hub or "${account}" may be locked or expired.`],
  ],
];

/** What sudo or the mediator said before it gave up, as the error of a start. */
export function sudoFailure(said: string, call: SudoCall): Error {
  const meaning = meanings.find(([pattern]) => pattern.test(said))?.[1];
  const last = said.trim().split('\n').at(-1) || 'it said nothing';
  const [message, hint] = meaning?.(call) ?? [
    `The mediator ${call.mediatorPath} failed as ${call.account}: ${last}`,
  ];
  return spawnFailure('system', message, { ...(hint !== undefined && { hint }), cause: new Error(last) });
}

/** sudo itself could not be started. */
export function noSudo(cause: unknown): Error {
  return spawnFailure('system', 'sudo was not found, or could not be started.', {
    hint: "Install it, in a folder of the hub's PATH.",
    cause,
  });
}

/** The line that allows what this spawner does. */
export function expectedRule(mediatorPath: string): string {
  return `${hubUser()} ALL=(%<group of the users>) NOPASSWD: ${mediatorPath}`;
}

export function hubUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `#${process.getuid?.()}`; // a number without an account
  }
}
