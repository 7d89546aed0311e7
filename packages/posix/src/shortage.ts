const shortages: ReadonlySet<unknown> = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM']);

/**
 * Does the machine lack what every program needs, processes, open files or memory? Such an error, or what it caused,
 * says more as it is than in the words of whoever could not be started.
 */
export function isShortage(error: unknown): boolean {
  for (let link = error; link instanceof Error; link = link.cause) {
    if (shortages.has((link as NodeJS.ErrnoException).code)) return true;
  }
  return false;
}
