import type { Page } from '../accounts/index.ts';
import type { Actor, AuditEntry, UnitOfWork } from '../kernel/index.ts';
import type { Recipient, SharedServer, ShareRecord, ShareStore, SharesMeant, Slice } from './ports.ts';
import { withoutFilter } from './scopes.ts';

/** Servers shared with users and groups (R113–R120). Whether somebody may share is asked before, of their scopes. */
export class Shares {
  readonly #store: ShareStore;
  readonly #work: UnitOfWork;

  constructor(deps: { store: ShareStore; work: UnitOfWork }) {
    this.#store = deps.store;
    this.#work = deps.work;
  }

  /** One page of shares, oldest first. */
  async page(of: SharesMeant, slice: Slice): Promise<Page<ShareRecord>> {
    return this.#store.page(of, slice);
  }

  /** What of the server this very user or group was given; shares of a user's groups are not theirs (R119). */
  async find(server: Pick<SharedServer, 'id'>, recipient: Recipient): Promise<ShareRecord | null> {
    return this.#store.find(server.id, recipient);
  }

  /** Adds to what the recipient may do with the server; doing it twice changes nothing (R116). */
  async grant(
    actor: Actor,
    server: SharedServer,
    recipient: Recipient,
    scopes: readonly string[],
  ): Promise<ShareRecord> {
    return this.#work.run(entry(actor, 'share.grant', server, recipient, scopes), () =>
      this.#store.grant(server.id, recipient, withoutFilter(scopes)),
    );
  }

  /** Takes these scopes, or with `null` all, from the recipient. What is left, or `null` (R117). */
  async revoke(
    actor: Actor,
    server: SharedServer,
    recipient: Recipient,
    scopes: readonly string[] | null,
  ): Promise<ShareRecord | null> {
    return this.#work.run(entry(actor, 'share.revoke', server, recipient, scopes), () =>
      this.#store.revoke(server.id, recipient, scopes && withoutFilter(scopes)),
    );
  }

  /** Ends all shares of the server; its codes stay (R118). */
  async revokeAll(actor: Actor, server: SharedServer): Promise<void> {
    await this.#work.run(entry(actor, 'share.revoke-all', server), () => this.#store.revokeAll(server.id));
  }
}

function entry(
  actor: Actor,
  action: string,
  { owner, name }: SharedServer,
  recipient?: Recipient,
  scopes?: readonly string[] | null,
): AuditEntry {
  return {
    actor,
    action,
    target: `server:${owner}/${name}`,
    details: {
      ...(recipient && { with: `${recipient.kind}:${recipient.name}` }),
      ...(scopes && { scopes }),
    },
  };
}
