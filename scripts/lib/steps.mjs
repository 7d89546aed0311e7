import { spawn } from 'node:child_process';
import process from 'node:process';

/** Ends a command with a sentence for the person who called it, without a stack. */
export class Stop extends Error {}

/**
 * Runs one step of work and says so: a line when it begins, a line with its seconds when it is done.
 * @template T
 * @param {string} title
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const begin = performance.now();
  const seconds = () => `${((performance.now() - begin) / 1000).toFixed(1)} s`;
  console.log(`  ${title} …`);
  try {
    const result = await work();
    console.log(`✓ ${title} (${seconds()})`);
    return result;
  } catch (error) {
    console.log(`✗ ${title} (${seconds()})`);
    throw error;
  }
}

/**
 * Runs a program to its end. Its output is kept, and shown whole only when it fails, unless `show` is set.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, signal?: AbortSignal, show?: boolean }} [options]
 * @returns {Promise<string>} what it wrote
 * @throws {CommandFailed} when it cannot be started or ends with another code than 0
 */
export function run(file, args, { cwd, env, signal, show = false } = {}) {
  return new Promise((resolve, reject) => {
    const output = [];
    const child = spawn(file, args, {
      cwd,
      env: env ?? process.env,
      signal,
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
    });
    child.stdout?.on('data', (chunk) => output.push(chunk));
    child.stderr?.on('data', (chunk) => output.push(chunk));
    // Ctrl-C reaches the child by itself, as part of the terminal's group; other signals do not.
    const pass = (name) => child.kill(name);
    process.once('SIGTERM', pass);
    const text = () => Buffer.concat(output).toString();
    child.on('error', (error) => {
      process.off('SIGTERM', pass);
      reject(new CommandFailed(file, args, error.message, text()));
    });
    child.on('close', (code, by) => {
      process.off('SIGTERM', pass);
      if (code === 0) resolve(text());
      else reject(new CommandFailed(file, args, by ? `ended by ${by}` : `exit code ${code}`, text()));
    });
  });
}

/** A program that did not do its work; `output` is all it wrote. */
export class CommandFailed extends Stop {
  constructor(file, args, reason, output) {
    super(`${output.trimEnd()}\n\n${[file, ...args].join(' ')}: ${reason}`.trimStart());
    this.output = output;
  }
}

const noNetwork =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|META_FETCH_FAIL|NewConnectionError|NameResolutionError|name resolution|ProxyError|Network is unreachable/i;

/** Waits for an installation and adds what to do when it failed because nothing could be downloaded. */
export async function downloading(what, work) {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof CommandFailed) || !noNetwork.test(error.output)) throw error;
    throw new Stop(
      `${error.message}\n\nThe ${what} could not be downloaded: this machine does not reach the package index. ` +
        'Look at the network and at your proxy and registry settings, then run the same command again; ' +
        'what is there already is kept.',
    );
  }
}
