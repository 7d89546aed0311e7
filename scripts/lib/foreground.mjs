import { spawn } from 'node:child_process';
import os from 'node:os';
import process from 'node:process';

/** Signals this close together are one: the terminal, npm and whoever else pass on the same key press. */
const samePress = 1000;

/**
 * Runs a program until it ends and resolves to its exit code. It gets a session of its own: Ctrl-C would
 * otherwise reach it several times (from the terminal, from npm, from here), and a second signal means "do not
 * wait". Here each press becomes one signal, and this process stays until the program has ended cleanly.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<number>}
 */
export function foreground(file, args, { cwd, env } = {}) {
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  let last = Number.NEGATIVE_INFINITY;
  const pass = (signal) => {
    const now = performance.now();
    // A terminal that goes away is a wish to end like any other.
    if (now - last > samePress) child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal);
    last = now;
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, pass);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + os.constants.signals[signal]));
  }).finally(() => {
    for (const signal of signals) process.off(signal, pass);
  });
}
