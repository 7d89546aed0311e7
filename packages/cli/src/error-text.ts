import { inspect } from 'node:util';
import { isHubError } from '@hub/core/plugin';

/** What is said about an error: its sentence, each problem on a line of its own, what to do about it. */
export function errorText(error: unknown, { verbose }: { readonly verbose: boolean }): string {
  const lines = isHubError(error)
    ? [error.message, ...error.problems.map((problem) => `  ${problem}`), ...(error.hint ? [error.hint] : [])]
    : [error instanceof Error ? `${error.name}: ${error.message}` : String(error)];
  if (verbose) lines.push('', inspect(error));
  else if (!isHubError(error)) lines.push('`--verbose` shows where it came from.');
  return `${lines.join('\n')}\n`;
}
