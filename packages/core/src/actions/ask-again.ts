import {
  authExpired,
  type IdentityRefresh,
  type Requester,
  type UserDetails,
  userView,
} from '../accounts/index.ts';

/** Asks authenticators before a user's server is started or stopped (P128), where the configuration wants it. */
export interface AskAgain {
  /** @throws HubError 403 when the owner asks by their own login and is vouched for no longer, or with `refreshStrict`. */
  beforeStart(by: Requester, owner: UserDetails): Promise<void>;
  /** The same for a stop by the owner; nobody else's is kept up: what runs without an owner must be stoppable. */
  beforeStop(by: Requester, owner: UserDetails): Promise<void>;
}

/** What is asked, and when. Forced: whatever the age of the last answer, also with a `refreshAge` of 0 (P129, ours). */
export function askAgain(deps: {
  readonly refresh: () => Promise<Pick<IdentityRefresh, 'demand'>>;
  readonly beforeStart: boolean;
  readonly beforeStop: boolean;
  readonly strict: boolean;
}): AskAgain {
  const { refresh, beforeStart, beforeStop, strict } = deps;
  return {
    async beforeStart(by, owner) {
      if (beforeStart) await demand(by, owner);
    },
    async beforeStop(by, owner) {
      if (beforeStop && by.userId === owner.id) await demand(by, owner);
    },
  };

  async function demand(by: Requester, owner: UserDetails): Promise<void> {
    const isOwn = by.userId === owner.id;
    if (isOwn && by.asked) return; // P125: once in a request
    const view = userView(owner, owner.groups);
    const outcome = await (await refresh()).demand(view, isOwn ? by.login : null);
    if (outcome === 'expired' && (strict || (isOwn && by.isLogin))) throw authExpired(owner.name);
  }
}
