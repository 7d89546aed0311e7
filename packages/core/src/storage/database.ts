import { AsyncLocalStorage } from 'node:async_hooks';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { HubError, type Logger, token } from '../plugin/index.ts';
import { databaseError, isRetryable } from './database-error.ts';
import { preparingRepeated } from './prepare-repeated.ts';
import * as tables from './tables/index.ts';

/** A drizzle handle: the pool, or the transaction that surrounds the caller. */
export type Queryable = Pick<
  PostgresJsDatabase<typeof tables>,
  | 'select'
  | 'selectDistinct'
  | 'selectDistinctOn'
  | 'insert'
  | 'update'
  | 'delete'
  | 'execute'
  | 'with'
  | '$with'
  | 'query'
  | '$count'
>;

/** How to reach PostgreSQL: what postgres.js takes. */
export type Connection = postgres.Options<Record<string, never>>;

/** Limits of one pool. Times are milliseconds; 0 means none (migrations, dumps). */
export interface PoolLimits {
  readonly max: number;
  readonly statementTimeout: number;
  readonly lockTimeout: number;
  readonly idleInTransactionTimeout: number;
}

const usualLimits: PoolLimits = {
  // Each connection prepares every statement for itself: a crowd of starts took ten a tenth more CPU than five.
  max: 5,
  statementTimeout: 10_000,
  lockTimeout: 3_000,
  idleInTransactionTimeout: 30_000,
};

/** How much longer than the server's own limit an answer is waited for. */
const graceMs = 2_000;

/** Opens a postgres.js client with the rules of this hub: UTC, limits, a quick way back after a restart. */
export function openClient(
  connection: Connection,
  name: string,
  limits: Partial<PoolLimits> = {},
): postgres.Sql {
  const { max, statementTimeout, lockTimeout, idleInTransactionTimeout } = { ...usualLimits, ...limits };
  return postgres({
    ...connection,
    max,
    connect_timeout: 5,
    keep_alive: 10,
    // Its default back-off stalled for 20 s after a restart of the server.
    backoff: (attempt: number) => Math.min(1, 0.05 * 2 ** attempt),
    onnotice: () => undefined,
    connection: {
      ...connection.connection,
      application_name: name,
      TimeZone: 'UTC',
      statement_timeout: statementTimeout,
      lock_timeout: lockTimeout,
      idle_in_transaction_session_timeout: idleInTransactionTimeout,
    },
  });
}

interface Scope {
  readonly handle: Queryable;
  readonly afterCommit: (() => void)[];
}

/**
 * The pool of one hub. Repositories write `db.run((q) => q.select()…)`: inside a transaction that is the
 * transaction, outside it is the pool. Every error leaves as a HubError without the statement's parameters.
 */
export class Database {
  readonly #log: Logger;
  readonly #limits: Partial<PoolLimits>;
  readonly #scope = new AsyncLocalStorage<Scope>();
  #client: postgres.Sql | null = null;
  #handle: PostgresJsDatabase<typeof tables> | null = null;

  /** With a connection it is open at once; without one, `open` comes first. */
  constructor(connection: Connection | null, log: Logger, limits: Partial<PoolLimits> = {}) {
    this.#log = log;
    this.#limits = limits;
    if (connection) this.open(connection);
  }

  /** Makes the pool; connections are made when they are needed. */
  open(connection: Connection): void {
    this.#client = openClient(connection, 'hub', this.#limits);
    this.#handle = drizzle(preparingRepeated(this.#client), { schema: tables });
  }

  get #pool(): PostgresJsDatabase<typeof tables> {
    if (this.#handle) return this.#handle;
    throw notOpen();
  }

  /** The driver itself, for what drizzle cannot say. */
  get client(): postgres.Sql {
    if (this.#client) return this.#client;
    throw notOpen();
  }

  /** Runs statements on the surrounding transaction or on the pool. */
  async run<T>(work: (handle: Queryable) => PromiseLike<T>): Promise<T> {
    try {
      return await this.#answered(work(this.#scope.getStore()?.handle ?? this.#pool), 1);
    } catch (error) {
      throw databaseError(error);
    }
  }

  /** Runs `work` in a transaction; a nested call joins. Deadlocks and lost serialisations are tried again. */
  async transaction<T>(work: () => Promise<T>, options: { readonly readOnly?: boolean } = {}): Promise<T> {
    if (this.#scope.getStore()) return work();
    for (let attempt = 1; ; attempt++) {
      const afterCommit: (() => void)[] = [];
      try {
        const transaction = this.#pool.transaction(
          (handle) => this.#scope.run({ handle, afterCommit }, work),
          options.readOnly ? { isolationLevel: 'repeatable read', accessMode: 'read only' } : undefined,
        );
        const result = await this.#answered(transaction, 2);
        for (const then of afterCommit) then();
        return result;
      } catch (error) {
        const wrapped = databaseError(error);
        if (attempt >= 4 || !isRetryable(wrapped)) throw wrapped;
        this.#log.debug({ attempt }, 'transaction tried again');
      }
    }
  }

  afterCommit(then: () => void): void {
    const scope = this.#scope.getStore();
    if (scope) scope.afterCommit.push(then);
    else then();
  }

  get inTransaction(): boolean {
    return this.#scope.getStore() !== undefined;
  }

  /**
   * postgres.js never settles a statement handed to a connection in the moment it breaks. What the server would
   * have cancelled long ago counts as unanswered; `patience` multiplies that.
   */
  async #answered<T>(work: PromiseLike<T>, patience: number): Promise<T> {
    const { statementTimeout } = { ...usualLimits, ...this.#limits };
    if (statementTimeout === 0) return work;
    const limit = Promise.withResolvers<never>();
    const timer = setTimeout(() => limit.reject(unanswered()), (statementTimeout + graceMs) * patience);
    try {
      return await Promise.race([work, limit.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    this.#handle = null;
    await client?.end({ timeout: 5 });
  }
}

function unanswered(): HubError {
  return new HubError('HUB_DATABASE_UNAVAILABLE', 'The database does not answer (lost statement).', {
    hint: 'Nothing was changed, or the change is complete. Try again in a moment.',
    headers: { 'Retry-After': '1' },
  });
}

function notOpen(): HubError {
  return new HubError('HUB_DATABASE_UNAVAILABLE', 'The database is not open.');
}

export const DatabaseToken = token<Database>('Database');
