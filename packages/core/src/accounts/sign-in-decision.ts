import type { Identity as ProvidedIdentity } from '../plugin/index.ts';
import type { AccessRules, AuthenticatorInstance } from './access-rules.ts';
import type { PluginCall } from './plugin-call.ts';
import type { UserStore } from './ports.ts';
import type { UserRecord } from './records.ts';

/** Why somebody was not let in; for the log only (P105). */
export type SignInRefusal =
  | 'wrong credentials'
  | 'invalid name'
  | 'blocked'
  | 'disabled'
  | 'not allowed'
  | 'refused by postAuth'
  | 'refused in words of its own'
  /** Who asks for a token by password must have signed in before (R93). */
  | 'no user yet'
  | 'name belongs to another identity';

/** Somebody who may come in. */
export interface Admitted {
  readonly ok: true;
  readonly name: string;
  readonly subject: string;
  /** The user they are already, bound or to be bound. */
  readonly user: UserRecord | null;
  readonly bound: boolean;
  /** The configured map chose the name: it may belong to several identities. */
  readonly mapped: boolean;
  /** `null` leaves the flag as it is. */
  readonly admin: boolean | null;
}

export type SignInDecision =
  | Admitted
  | { readonly ok: false; readonly reason: SignInRefusal; readonly name: string };

/** May this identity come in, and as whom (P107–P112, P119)? Changes nothing. */
export async function decideSignIn(
  { id, authenticator }: AuthenticatorInstance,
  identity: ProvidedIdentity,
  {
    rules,
    users,
    call,
    alreadyAllowed = false,
  }: { rules: AccessRules; users: UserStore; call: PluginCall; alreadyAllowed?: boolean },
): Promise<SignInDecision> {
  const names = rules.namesOf(id);
  const { name: brought, unmapped } = await call('normalizeName', () => names.normalise(identity.name));
  const no = (reason: SignInRefusal): SignInDecision => ({ ok: false, reason, name: brought });
  if (!names.isValid(brought)) return no('invalid name');

  // The configured map says who this is: then the lists mean them, whichever authenticator brought them.
  const mapped = brought !== unmapped;
  const subject = identity.subject ?? unmapped;
  const known = await users.byIdentity(id, subject);
  const user = known ?? (await users.byName(brought));
  // A name that changed at the provider changes nothing here: the identity is what counts.
  const name = user?.name ?? brought;

  if (rules.isBlocked(id, brought) || rules.isBlocked(id, name)) return no('blocked');
  if (await call('isBlocked', () => authenticator.isBlocked?.(name, identity) ?? false)) return no('blocked');
  if (user?.disabled) return no('disabled');

  const isAllowed =
    alreadyAllowed ||
    rules.allowsAll(id) ||
    rules.isAllowed(id, name) ||
    (mapped && rules.allowedNames.includes(name)) ||
    (rules.allowExisting && user !== null) ||
    (await call('isAllowed', () => authenticator.isAllowed?.(name, identity) ?? false));
  if (!isAllowed) return no('not allowed');

  if (user && !known && !(await mayBind(user, { id, subject, name, mapped, rules, users }))) {
    return no('name belongs to another identity');
  }

  const isListed = rules.isAdmin(id, name) || (mapped && rules.adminNames.includes(name));
  const admin = identity.admin ?? (isListed ? true : null);
  const asked = admin ?? (await call('isAdmin', () => authenticator.isAdmin?.(name, identity) ?? null));
  return { ok: true, name, subject, user, bound: known !== null, mapped, admin: asked };
}

/**
 * May another identity become this user? A name belongs to whom first signed in with it, unless the configured map
 * says otherwise; one that nobody used yet to the first authenticator, or to the one it is listed for.
 */
export async function mayBind(
  user: UserRecord,
  wish: { id: string; subject: string; name: string; mapped: boolean; rules: AccessRules; users: UserStore },
): Promise<boolean> {
  if (wish.mapped) return true;
  const holders = await wish.users.identitiesOf(user.id);
  if (holders.length === 0) return wish.rules.speaksFor(wish.id, wish.name);
  // Bound a moment ago, by the same person in another tab.
  return holders.some(({ authenticator, subject }) => authenticator === wish.id && subject === wish.subject);
}
