import type { Page, UserRecord } from '../accounts/index.ts';
import { type Actor, hashSecret, type Ids, type UnitOfWork } from '../kernel/index.ts';
import { HubError, type JsonValue } from '../plugin/index.ts';
import type {
  ServersMeant,
  ShareCodeRecord,
  ShareCodeStore,
  SharedServer,
  ShareRecord,
  ShareStore,
  Slice,
} from './ports.ts';
import { withoutFilter } from './scopes.ts';

const shortestLife = 60;
const longestLife = 31_536_000;
const usualLife = 86_400;

/** Which codes of a server are to go: the one that says so itself, the one of an id (`sc_7`), or all. */
export type CodesMeant = { readonly code: string } | { readonly id: string } | 'all';

/** What came of presenting a code. */
export type Acceptance =
  | { readonly outcome: 'accepted'; readonly share: ShareRecord }
  | { readonly outcome: 'unknown' | 'own' };

/** How a code is called on the wire. */
export function shareCodeName(id: number): string {
  return `sc_${id}`;
}

/** Codes that share a server with whoever has them (R121, R122). The code itself is told once and never stored. */
export class ShareCodes {
  readonly #store: ShareCodeStore;
  readonly #shares: ShareStore;
  readonly #work: UnitOfWork;
  readonly #ids: Ids;

  constructor(deps: { store: ShareCodeStore; shares: ShareStore; work: UnitOfWork; ids: Ids }) {
    this.#store = deps.store;
    this.#shares = deps.shares;
    this.#work = deps.work;
    this.#ids = deps.ids;
  }

  /** One page of codes, oldest first. */
  async page(of: ServersMeant, slice: Slice): Promise<Page<ShareCodeRecord>> {
    return this.#store.page(of, slice);
  }

  /** Makes a code that lives so many seconds; see {@link shareCodeLife}. */
  async create(
    actor: Actor,
    server: SharedServer,
    scopes: readonly string[],
    expiresIn: number,
  ): Promise<{ readonly code: string; readonly record: ShareCodeRecord }> {
    const code = this.#ids.base64url43();
    const target = targetOf(server);
    return this.#work.run(
      { actor, action: 'share-code.create', target, details: { scopes, expiresIn } },
      async () => {
        const hash = hashSecret(code);
        const record = await this.#store.add({
          serverId: server.id,
          hash,
          scopes: withoutFilter(scopes),
          expiresIn,
        });
        return { code, record };
      },
    );
  }

  /** What a code stands for, without using it; `null` when it is unknown or too old. */
  async find(code: string): Promise<ShareCodeRecord | null> {
    return this.#store.find(hashSecret(code));
  }

  /** Deletes codes of the server. @throws HubError 404 when one was named and is not there (R121). */
  async remove(actor: Actor, server: SharedServer, which: CodesMeant): Promise<void> {
    const meant =
      which === 'all' ? which : 'code' in which ? { hash: hashSecret(which.code) } : idOf(which.id);
    await this.#work.run({ actor, action: 'share-code.delete', target: targetOf(server) }, async () => {
      const removed = meant === null ? 0 : await this.#store.remove(server.id, meant);
      if (removed === 0 && which !== 'all') {
        throw new HubError('HUB_NOT_FOUND', `No such code for ${server.owner}/${server.name}`);
      }
    });
  }

  /** Lets the user into the server the code stands for, and counts the use (R122). Owners cannot use their own. */
  async accept(actor: Actor, user: Pick<UserRecord, 'id' | 'name'>, code: string): Promise<Acceptance> {
    const hash = hashSecret(code);
    const found = await this.#store.find(hash);
    if (!found) return { outcome: 'unknown' };
    if (found.server.ownerId === user.id) return { outcome: 'own' };
    const details = { code: shareCodeName(found.id), scopes: found.scopes };
    return this.#work.run(
      { actor, action: 'share-code.accept', target: targetOf(found.server), details },
      async () => {
        const used = await this.#store.use(hash);
        if (!used) return { outcome: 'unknown' };
        const recipient = { kind: 'user', id: user.id } as const;
        return {
          outcome: 'accepted',
          share: await this.#shares.grant(used.server.id, recipient, used.scopes),
        };
      },
    );
  }
}

/** Seconds a code lives, a day unless told. @throws HubError 400 (R121). */
export function shareCodeLife(wish: JsonValue | undefined): number {
  if (wish === undefined) return usualLife;
  if (typeof wish === 'number' && Number.isInteger(wish) && wish >= shortestLife && wish <= longestLife)
    return wish;
  throw new HubError(
    'HUB_BAD_REQUEST',
    `expires_in must be an integer from ${shortestLife} to ${longestLife} (seconds)`,
  );
}

function idOf(name: string): { readonly id: number } | null {
  const digits = /^sc_([1-9]\d{0,14})$/.exec(name)?.[1];
  return digits === undefined ? null : { id: Number(digits) };
}

function targetOf({ owner, name }: SharedServer): string {
  return `server:${owner}/${name}`;
}
