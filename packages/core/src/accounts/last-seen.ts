import type { Clock, Instant, Logger } from '../plugin/index.ts';
import { GroupCommit } from './group-commit.ts';
import { serverTokenNote } from './identity.ts';
import type { ActivityMark, ActivityStore, LoginCredential, TokenCredential } from './ports.ts';

/**
 * Keeps when tokens, logins and users were seen last, to the precision of `activityResolution` seconds (R11).
 * One per hub: everything is written in groups.
 */
export class LastSeen {
  readonly #group: GroupCommit<readonly ActivityMark[]>;
  readonly #resolutionMs: number;
  readonly #log: Logger;

  constructor(deps: { store: ActivityStore; clock: Clock; log: Logger; activityResolution?: number }) {
    this.#resolutionMs = (deps.activityResolution ?? 30) * 1000;
    this.#log = deps.log;
    this.#group = new GroupCommit({
      clock: deps.clock,
      write: (batches) => deps.store.write(batches.flat()),
    });
  }

  /** A token was presented. Counts for its user too, unless it is a server's. */
  tokenUsed(token: TokenCredential, countsForUser = true): void {
    const marks: ActivityMark[] = [];
    if (this.#isDue(token.lastUsed, token.now)) {
      marks.push({ kind: 'token', id: token.tokenId, at: null });
      // Who works in a server all day comes to the hub by its tokens alone: their login is in use.
      if (token.loginId !== null) marks.push({ kind: 'login', id: token.loginId, at: null });
    }
    if (countsForUser && !token.note.startsWith(serverTokenNote)) marks.push(...this.#ofOwner(token));
    this.#note(marks);
  }

  /** A browser came with its cookie. */
  loginUsed(login: LoginCredential, countsForUser = true): void {
    const marks: ActivityMark[] = countsForUser ? [...this.#ofOwner(login)] : [];
    if (this.#isDue(login.lastUsed, login.now)) marks.push({ kind: 'login', id: login.loginId, at: null });
    this.#note(marks);
  }

  /** Resolves once the marks are committed. */
  async commit(marks: readonly ActivityMark[]): Promise<void> {
    if (marks.length > 0) await this.#group.add(marks);
  }

  /** Writes what still waits; for a hub that stops. */
  async drain(): Promise<void> {
    await this.#group.drain();
  }

  #ofOwner({ owner, now }: TokenCredential | LoginCredential): readonly ActivityMark[] {
    if (owner.kind !== 'user' || !this.#isDue(owner.lastActivity, now)) return [];
    return [{ kind: 'user', id: owner.id, at: null }];
  }

  #isDue(last: Instant | null, now: Instant): boolean {
    return (
      last === null || this.#resolutionMs === 0 || Date.parse(now) - Date.parse(last) > this.#resolutionMs
    );
  }

  // Nobody waits for these: a lost mark is made up for by the next use.
  #note(marks: readonly ActivityMark[]): void {
    this.commit(marks).catch((error: unknown) => this.#log.warn({ err: error }, 'last use not written'));
  }
}
