import { HubError } from '@hub/core/plugin';
import { isHelperFailure, type Pam, type PamSurroundings } from '@hub/posix';
import type { PamAuthenticatorOptions } from './options.ts';

/** Fails the start when nobody could ever sign in: no libpam, no such service. */
export async function requireUsablePam(
  id: string,
  options: PamAuthenticatorOptions,
  pam: Pam,
): Promise<void> {
  const failed = (problem: string, cause?: unknown) =>
    new HubError('HUB_START_FAILED', `Authenticator ${id}: ${problem}`, { cause });
  const seen = await pam.look().catch((error: unknown) => {
    throw isHelperFailure(error) ? failed(error.message, error) : error;
  });
  const [problem] = problemsOf(options, seen);
  if (problem) throw failed(problem);
}

/** What is doubtful about the options on this machine. */
export async function configWarnings(options: PamAuthenticatorOptions, pam: Pam): Promise<readonly string[]> {
  const warnings: string[] = [];
  const { allowedGroups, adminGroups, createSystemUsers, uids } = options;
  if (!createSystemUsers && Object.keys(uids).length > 0)
    warnings.push('uids are only used with createSystemUsers.');
  try {
    const seen = await pam.look();
    warnings.push(...problemsOf(options, seen), ...rightsMissing(options, seen));
    for (const [option, names] of Object.entries({ allowedGroups, adminGroups })) {
      for (const name of names) {
        if (!(await pam.accounts.groupNamed(name)))
          warnings.push(`${option}: the group ${name} is not known to this system.`);
      }
    }
  } catch (error) {
    if (!isHelperFailure(error)) throw error;
    warnings.push(error.message);
  }
  return warnings;
}

function problemsOf({ service }: PamAuthenticatorOptions, seen: PamSurroundings): readonly string[] {
  return [
    ...(seen.problem === null
      ? []
      : [`libpam cannot be used: ${seen.problem}. Install it (Debian: libpam0g).`]),
    ...(seen.serviceFile === null
      ? [
          `There is no PAM service ${service}: write /etc/pam.d/${service}, or name another in the option service.`,
        ]
      : []),
  ];
}

function rightsMissing(
  { createSystemUsers }: PamAuthenticatorOptions,
  seen: PamSurroundings,
): readonly string[] {
  const who = seen.user ?? `uid ${seen.uid}`;
  const warnings: string[] = [];
  if (seen.uid !== 0 && seen.shadow === 'unreadable') {
    warnings.push(
      `The hub runs as ${who} and cannot read /etc/shadow: of the accounts of this machine only ${who} can sign in. Add it to the group shadow, or run the hub as root.`,
    );
  }
  if (seen.uid !== 0 && createSystemUsers) {
    warnings.push(`The hub runs as ${who}: making accounts (createSystemUsers) needs root.`);
  }
  return warnings;
}
