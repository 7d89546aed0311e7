import { type JsonObject, token } from '../plugin/index.ts';

/** Who did something, for the audit trail. */
export interface Actor {
  readonly kind: 'user' | 'service' | 'hub' | 'anonymous';
  readonly name: string;
  /** Address the request came from, where there was one. */
  readonly ip?: string | undefined;
}

/** One line of the audit trail: append-only, without secrets. */
export interface AuditEntry {
  readonly actor: Actor;
  /** What was done, as `noun.verb`: `user.create`, `token.revoke`. */
  readonly action: string;
  /** What it was done to: `user:ada`, `server:ada/gpu`. */
  readonly target: string;
  readonly details?: JsonObject | undefined;
}

/**
 * A transaction: what a user would call one change. Repositories called inside `work` join it by themselves.
 * No plugin and no network call belongs inside.
 */
export interface UnitOfWork {
  /** Runs `work` in one transaction together with its audit row. A nested call joins the outer one. */
  run<T>(audit: AuditEntry | null, work: () => Promise<T>): Promise<T>;
  /** Adds lines to the trail, in the surrounding transaction: for a change of many things, or of what it finds out. */
  note(entries: readonly AuditEntry[]): Promise<void>;
  /** Like `run`, in one snapshot that only reads. */
  read<T>(work: () => Promise<T>): Promise<T>;
  /** Runs `then` once the surrounding transaction is committed; at once when there is none. */
  afterCommit(then: () => void): void;
  /** True inside `run`. Plugin calls assert that it is false. */
  readonly inTransaction: boolean;
}
export const UnitOfWork = token<UnitOfWork>('UnitOfWork');
