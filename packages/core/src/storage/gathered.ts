import type { Database } from './database.ts';

/**
 * Questions of the same moment become one statement. `answer` gets all of them and answers in their order; it begins
 * after the last of them was asked, so that everybody sees what was committed before. Inside a transaction each is
 * asked by itself, and so are all of them where they cannot be answered together: one alone may be at fault.
 */
export function gathered<Question, Answer>(
  db: Database,
  answer: (questions: readonly Question[]) => Promise<readonly Answer[]>,
): (question: Question) => Promise<Answer> {
  let waiting: {
    readonly questions: Question[];
    readonly answers: Promise<readonly Promise<Answer>[]>;
  } | null = null;

  const alone = async (question: Question) => {
    const [only] = await answer([question]);
    return only as Answer; // one question, one answer
  };

  const gather = () => {
    const questions: Question[] = [];
    const answers = (async () => {
      await new Promise((resolve) => setImmediate(resolve));
      waiting = null;
      try {
        return (await answer(questions)).map((one) => Promise.resolve(one));
      } catch (error) {
        if (questions.length === 1) throw error;
        return questions.map(alone);
      }
    })();
    return { questions, answers };
  };

  return async (question) => {
    if (db.inTransaction) return alone(question);
    waiting ??= gather();
    const place = waiting.questions.push(question) - 1;
    return (await waiting.answers)[place] as Promise<Answer>;
  };
}

/** {@link gathered} for single rows: `read` may leave out rows that are not there, in any order. */
export function gatheredRows<Row>(
  db: Database,
  read: (ids: readonly number[]) => Promise<readonly Row[]>,
  idOf: (row: Row) => number,
): (id: number) => Promise<Row | null> {
  return gathered(db, async (ids: readonly number[]) => {
    const rows = new Map((await read([...new Set(ids)])).map((row) => [idOf(row), row]));
    return ids.map((id) => rows.get(id) ?? null);
  });
}
