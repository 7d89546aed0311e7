import { examineConfig } from '@hub/core';
import type { Io } from './io.ts';
import { loadConfig } from './load-config.ts';
import { hidePassword, maskedConfig } from './masked-config.ts';
import { remarks } from './remarks.ts';

/** Options of `hub check`. */
export interface CheckOptions {
  readonly config?: string;
}

/**
 * Prints the configuration in effect as JSON on standard output and what is to be said about it on standard
 * error. Resolves to 1 when there are mistakes. Opens no database and writes no file (P606).
 */
export async function check(options: CheckOptions, io: Io): Promise<number> {
  const { config } = await loadConfig(options.config, io.cwd);
  const silent = { ...config, logger: silentLogger };
  const examined = await examineConfig(silent);
  io.out(`${JSON.stringify(maskedConfig(config, examined), null, 2)}\n`);

  const notes = [...examined.warnings, ...remarks(examined)];
  io.err(list('Worth knowing:', notes));
  io.err(list('Mistakes:', examined.problems));
  if (examined.problems.length > 0) return 1;
  io.err('\nNo mistakes found. Nothing was started.\n');
  return 0;
}

function list(title: string, entries: readonly string[]): string {
  if (entries.length === 0) return '';
  return `\n${[title, ...entries.map((entry) => `  ${hidePassword(entry)}`)].join('\n')}\n`;
}

const nothing = () => undefined;
const silentLogger = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
};
