/**
 * Lets everybody who asks while a run is under way share the next one. Each caller gets an answer that began after
 * the question, and a thousand callers cost two runs instead of a thousand.
 */
export function shareRuns<T>(work: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | null = null;
  let next: Promise<T> | null = null;

  const run = (): Promise<T> => {
    const mine = work().finally(() => {
      if (current === mine) current = null;
    });
    current = mine;
    return mine;
  };

  return () => {
    if (next) return next;
    if (!current) return run();
    const settled = current.then(ignore, ignore);
    next = settled.then(() => {
      next = null;
      return run();
    });
    return next;
  };
}

// Who shares a failed run hears of it from that run; the next one starts regardless.
function ignore(): void {}
