import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach } from 'vitest';
import { createPam, type Pam, type PamOptions } from '../../src/os-helper/pam.ts';

/** A service that asks for the account's own password, and answers refusals at once. */
export const unix: readonly string[] = ['auth required pam_unix.so nodelay', 'account required pam_unix.so'];

/** The password of accounts made for a test. */
export const right = 'a right password';

/** Makes PAMs with one process, which end with the test they are made in. */
export function pamMaker(): (service: string, more?: PamOptions) => Pam {
  const open: Pam[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((pam) => pam.close()));
  });
  return (service, more = {}) => {
    const pam = createPam({ service, helpers: 1, refusalDelay: 0, ...more });
    open.push(pam);
    return pam;
  };
}

/** Processes whose command line holds the text. */
export function processesWith(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .map(Number)
    .filter((pid) => commandOf(pid).includes(text));
}

/** The command line of a process; empty once it has ended. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Waits until something is so. */
export async function until(what: () => boolean): Promise<void> {
  const end = performance.now() + 60_000;
  while (!what()) {
    if (performance.now() > end) throw new Error(`not so within 60 s: ${what}`);
    await delay(20);
  }
}
