import type { Actor, UnitOfWork } from '../kernel/index.ts';
import { HubError, type Logger, type Identity as ProvidedIdentity } from '../plugin/index.ts';
import type { IdentityRef } from './identity-ports.ts';
import type { ManagedRights } from './managed-ports.ts';
import { isStorable, notJson } from './plain-json.ts';
import type { UserStore } from './ports.ts';
import type { UserRecord } from './records.ts';

/** What an authenticator told of somebody who was let in. */
export interface Told {
  readonly identity: ProvidedIdentity;
  readonly ref: IdentityRef;
  /** The user they are already; `null` for one who is to be made. */
  readonly user: Pick<UserRecord, 'id' | 'name'> | null;
  /** Whether they are to be an administrator; `null` leaves it. */
  readonly admin: boolean | null;
}

/** Writes, in the transaction of the sign-in or refresh. */
export type IdentityWrite = (user: Pick<UserRecord, 'id' | 'name'>, actor: Actor) => Promise<void>;

/**
 * Takes over one thing that an identity brings. Looks at it and asks whom it must first, outside of any transaction:
 * what it throws then leaves everything as it was. Answers with what is to be written, or `null` for nothing.
 */
export type IdentityStep = (told: Told) => Promise<IdentityWrite | null>;

/** All of {@link steps}, one after another. */
export async function prepareSteps(
  steps: readonly IdentityStep[],
  told: Told,
): Promise<readonly IdentityWrite[]> {
  const writes: IdentityWrite[] = [];
  for (const step of steps) {
    const write = await step(told);
    if (write) writes.push(write);
  }
  return writes;
}

/** True for all authenticators or for those of the list. */
export type ForAuthenticators = boolean | readonly string[];

/** Does a setting such as `manageGroups` mean this authenticator? */
export function isFor(setting: ForAuthenticators, authenticator: string): boolean {
  return typeof setting === 'boolean' ? setting : setting.includes(authenticator);
}

/** `user_info` shows what the authenticator told last (P103). */
export function userInfoStep(store: Pick<UserStore, 'setUserInfo'>): IdentityStep {
  return async ({ identity: { userInfo }, ref }) => {
    if (!userInfo) return null;
    const problem = notJson(userInfo, 'userInfo');
    if (problem !== null) throw misbehaved(ref.authenticator, problem);
    return async ({ id }) => store.setUserInfo(id, userInfo);
  };
}

/** With `manageGroups` the user's groups are exactly those the authenticator names (P135). */
export function managedGroupsStep(deps: {
  readonly manage: ForAuthenticators;
  readonly rights: Pick<ManagedRights, 'setGroups'>;
  readonly work: UnitOfWork;
  readonly log: Logger;
}): IdentityStep {
  const { manage, rights, work, log } = deps;
  return async ({ identity: { name, groups }, ref: { authenticator } }) => {
    if (!isFor(manage, authenticator)) return null;
    if (groups === undefined) {
      throw misbehaved(
        authenticator,
        'it specifies no groups: with `signIn.manageGroups` each identity names them, or null to leave them',
      );
    }
    if (groups === null) return null;
    if (!isListOfNames(groups)) {
      log.error(
        { authenticator, user: name.slice(0, 64) },
        'groups of an identity are no list of names, refused',
      );
      throw misbehaved(authenticator, 'groups of an identity must be a list of texts of 1 to 255 characters');
    }
    return async (user, actor) => {
      if (!(await rights.setGroups(user.id, groups))) return;
      const details = { groups: [...groups], authenticator };
      await work.note([{ actor, action: 'user.groups', target: `user:${user.name}`, details }]);
    };
  };
}

/** A list of what groups can be called. */
function isListOfNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isName);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 255 && isStorable(value);
}

/** An authenticator did what it must not: the fault of a plugin, told to the operator alone. */
export function misbehaved(authenticator: string, what: string): HubError {
  return new HubError('HUB_PLUGIN_FAILED', `Authenticator ${authenticator} cannot be followed: ${what}.`);
}
