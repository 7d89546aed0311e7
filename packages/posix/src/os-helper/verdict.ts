import type { HelperFailureReason } from './helper-failure.ts';
import type { SignInFacts } from './messages.ts';
import type { Account } from './name-service-types.ts';

/** Why PAM refuses somebody; for the log only. */
export type RefusalReason =
  /** The secrets are wrong. Most services say so of unknown users, too. */
  | 'wrong'
  | 'unknown-user'
  | 'max-tries'
  /** A module asked for more than was given, such as for a one-time password. */
  | 'more-prompts'
  /** The secrets are right, but the account stack says no. */
  | 'account-denied'
  /** Refused before PAM was asked: a name or secret that nobody can have. */
  | 'impossible';

/** Why PAM could not tell. */
export type BrokenReason =
  | Exclude<HelperFailureReason, 'unusable'>
  /** koffi or libpam cannot be loaded here. */
  | 'unusable'
  | 'service-missing'
  | 'module-missing'
  /** A module failed: its code and words are in the message. */
  | 'system';

/** What came of a sign-in. */
export type PamVerdict =
  | {
      readonly outcome: 'accepted';
      /** PAM_USER, as the modules left it. */
      readonly user: string;
      /** Null when the name service does not know that user. */
      readonly account: Account | null;
      readonly messages: readonly string[];
    }
  | {
      readonly outcome: 'refused';
      readonly reason: RefusalReason;
      readonly message: string;
      readonly messages: readonly string[];
    }
  /** The secrets are right, but the account has ended. */
  | { readonly outcome: 'account-expired'; readonly message: string; readonly messages: readonly string[] }
  /** The secrets are right, but a new password must be set first. */
  | { readonly outcome: 'password-expired'; readonly message: string; readonly messages: readonly string[] }
  | { readonly outcome: 'broken'; readonly reason: BrokenReason; readonly message: string };

/** Judges what libpam said. The values are Linux-PAM's. */
export function verdictOf(
  facts: SignInFacts,
  service: string,
  decode: (bytes: Uint8Array) => string,
): PamVerdict {
  const { stage, code, text, messages } = facts;
  const message = `PAM ${stage}: ${text} (${code})`;
  if (stage === 'done') {
    return { outcome: 'accepted', user: decode(facts.user), account: facts.account, messages };
  }
  if (stage === 'service') {
    return broken('service-missing', `There is no PAM service ${service}: no file /etc/pam.d/${service}.`);
  }
  if (stage === 'library') return broken('unusable', `libpam cannot be used: ${text}`);
  if (facts.unanswered) return { outcome: 'refused', reason: 'more-prompts', message, messages };
  if (code === moduleUnknown) {
    return broken('module-missing', `A module of the PAM service ${service} cannot be loaded: ${message}.`);
  }
  const reason = stage === 'account' ? accountRefusals.get(code) : refusals.get(code);
  if (reason === 'account-expired' || reason === 'password-expired')
    return { outcome: reason, message, messages };
  if (reason) return { outcome: 'refused', reason, message, messages };
  return broken('system', `The PAM service ${service} failed: ${message}.`);
}

function broken(reason: BrokenReason, message: string): PamVerdict {
  return { outcome: 'broken', reason, message };
}

const moduleUnknown = 28;

/**
 * While the secrets are being checked nothing is told apart: a service may say that a password or an account has
 * expired before it knows whether the password is right.
 */
const refusals: ReadonlyMap<number, RefusalReason> = new Map([
  [6, 'wrong'], // PAM_PERM_DENIED
  [7, 'wrong'], // PAM_AUTH_ERR
  [10, 'unknown-user'], // PAM_USER_UNKNOWN
  [11, 'max-tries'], // PAM_MAXTRIES
  [12, 'wrong'], // PAM_NEW_AUTHTOK_REQD
  [13, 'wrong'], // PAM_ACCT_EXPIRED
  [16, 'wrong'], // PAM_CRED_EXPIRED
  [17, 'wrong'], // PAM_CRED_ERR
  [27, 'wrong'], // PAM_AUTHTOK_EXPIRED
]);

const accountRefusals: ReadonlyMap<number, RefusalReason | 'account-expired' | 'password-expired'> = new Map([
  [6, 'account-denied'],
  [7, 'account-denied'],
  [10, 'account-denied'],
  [11, 'account-denied'],
  [12, 'password-expired'],
  [13, 'account-expired'],
  [16, 'account-denied'],
  [27, 'account-expired'], // the password expired so long ago that the account is closed
]);
