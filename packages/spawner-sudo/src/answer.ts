import type { JsonObject } from '@hub/core/plugin';

/** The object in what a program printed, whatever stands around it: from the first brace to the last (P321). */
export function answerIn(text: string): JsonObject | null {
  const begin = text.indexOf('{');
  const end = text.lastIndexOf('}');
  if (begin < 0 || end < begin) return null;
  try {
    return JSON.parse(text.slice(begin, end + 1)) as JsonObject;
  } catch {
    return null;
  }
}

/** A process a user may have. 1 is the system's; 0 and less mean groups, or everything. */
export function isPid(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 1;
}
