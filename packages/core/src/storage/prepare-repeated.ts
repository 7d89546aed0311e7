import type postgres from 'postgres';

/** A text that was used so often is worth a prepared statement on each connection. */
const worthIt = 5;
/** Texts remembered; those of a hub are far fewer, but a list of names of another length is another text. */
const textsRemembered = 1_000;

/**
 * The same client, which has PostgreSQL prepare what comes again and again: such a statement is parsed once per
 * connection, and sent in one round trip instead of two. drizzle asks for that only where its builder is told so for
 * each statement, and never inside a transaction. Texts that vary are not kept: a connection would collect them.
 */
export function preparingRepeated(client: postgres.Sql): postgres.Sql {
  const uses = new Map<string, number>();
  return wrapped(client, (text) => {
    const before = uses.get(text) ?? 0;
    if (before >= worthIt) return true;
    if (uses.size >= textsRemembered) uses.clear();
    uses.set(text, before + 1);
    return false;
  });
}

type Work = (inner: postgres.Sql) => unknown;

function wrapped(client: postgres.Sql, isRepeated: (text: string) => boolean): postgres.Sql {
  const unsafe: postgres.Sql['unsafe'] = (text, parameters, options) =>
    client.unsafe(text, parameters, isRepeated(text) ? { ...options, prepare: true } : options);
  return new Proxy(client, {
    get(target, key) {
      if (key === 'unsafe') return unsafe;
      const value: unknown = Reflect.get(target, key);
      if ((key !== 'begin' && key !== 'savepoint') || typeof value !== 'function') return value;
      return (work: Work) => value((inner: postgres.Sql) => work(wrapped(inner, isRepeated)));
    },
  });
}
