import { token } from '../plugin/index.ts';

/** How much in the database rests on one authenticator. */
export interface AuthenticatorUse {
  readonly authenticator: string;
  /** People who signed in by it at some time. */
  readonly users: number;
  /** Logins it began that are still good. */
  readonly logins: number;
}

/** Which authenticators the database knows. */
export interface AuthenticatorUses {
  /** Those besides the given ids, by id. */
  except(ids: readonly string[]): Promise<readonly AuthenticatorUse[]>;
}
export const AuthenticatorUses = token<AuthenticatorUses>('AuthenticatorUses');
