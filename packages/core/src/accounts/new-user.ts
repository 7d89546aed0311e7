import type { Actor, DomainEvents, UnitOfWork } from '../kernel/index.ts';
import type { AuthenticatorInstance } from './access-rules.ts';
import type { PluginCall } from './plugin-call.ts';
import type { UserStore } from './ports.ts';
import type { UserRecord } from './records.ts';
import type { Admitted } from './sign-in-decision.ts';
import { userView } from './user-view.ts';

/** What a user is made with. */
export interface NewUserDeps {
  readonly store: UserStore;
  readonly work: UnitOfWork;
  readonly events: DomainEvents;
  /** Calls the authenticator. */
  readonly call: PluginCall;
}

/**
 * Makes the user of a first sign-in, with the identity; a hook that fails undoes all of it (P115, ours). Somebody may
 * have been first: then the user is theirs, or `null`.
 */
export async function newUser(
  { id, authenticator }: AuthenticatorInstance,
  { name, subject, admin }: Admitted,
  actor: Actor,
  { store, work, events, call }: NewUserDeps,
): Promise<{ readonly user: UserRecord | null; readonly created: boolean }> {
  const details = { admin: admin === true, authenticator: id };
  const made = await work
    .run({ actor, action: 'user.create', target: `user:${name}`, details }, async () => {
      const [added] = await store.add([name], admin === true);
      if (!added || (await store.bind(added.id, id, subject)) !== added.id) throw new LostRace();
      return added;
    })
    .catch((error: unknown) => {
      if (error instanceof LostRace) return null;
      throw error;
    });
  // Perhaps the same person in another tab.
  if (!made) return { user: (await store.byIdentity(id, subject)) ?? null, created: false };

  try {
    await call('onUserAdded', () => authenticator.onUserAdded?.(userView(made, [])));
  } catch (error) {
    const because = { because: 'onUserAdded failed' };
    const undo = { actor, action: 'user.delete', target: `user:${name}`, details: because };
    await work.run(undo, async () => void (await store.remove(made.id)));
    throw error;
  }
  events.emit('userCreated', { user: name });
  return { user: made, created: true };
}

/** Another request made the same user or bound the same identity; ends the transaction without a trace. */
class LostRace extends Error {}
