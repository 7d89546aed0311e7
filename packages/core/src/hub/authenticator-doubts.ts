import type { AccessRules, AuthenticatorInstance } from '../accounts/index.ts';

/** Something doubtful about one authenticator. */
export interface AuthenticatorDoubt {
  readonly authenticator: string;
  readonly warning: string;
}

/** What is doubtful in the authenticators' own eyes and, where the rules are known, by which nobody could get in (P118). */
export async function authenticatorDoubts(
  instances: readonly AuthenticatorInstance[],
  rules: AccessRules | null,
): Promise<readonly AuthenticatorDoubt[]> {
  const doubts = instances.map(async ({ id, authenticator }) => {
    const own = (await authenticator.checkConfig?.()) ?? [];
    const warnings = rules && isClosed({ id, authenticator }, rules) ? [...own, nobody] : own;
    return warnings.map((warning) => ({ authenticator: id, warning }));
  });
  return (await Promise.all(doubts)).flat();
}

function isClosed({ id, authenticator }: AuthenticatorInstance, rules: AccessRules): boolean {
  if ('none' in authenticator.login || authenticator.isAllowed) return false;
  return !rules.allowsAll(id) && !rules.allowExisting && rules.allowedNames.length === 0;
}

const nobody =
  'Nobody can sign in here: set access.allowAll, name people in access.allowed, or groups in the options of the authenticator.';
