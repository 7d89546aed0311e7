import { type ChildProcess, execFile, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { constants } from 'node:os';
import { promisify } from 'node:util';
import type { JsonObject } from '@hub/core/plugin';
import { findCommand, isShortage } from '@hub/posix';
import { answerIn, isPid } from './answer.ts';
import type { SudoSpawnerOptions } from './options.ts';
import { saidBy } from './said-by.ts';
import { noSudo, sudoFailure } from './sudo-failure.ts';

const run = promisify(execFile);

/** Seconds a mediator has to answer. */
const patience = 30;

/** The program that does as a user what the hub may not do itself (P321–P325): ours, or sudospawner's. */
export interface Mediator {
  /** Does it hold a server back until it was recorded? sudospawner's does not. */
  hasGate(): Promise<boolean>;
  /** Runs it as an account, with pipes to its input and output. Rejects when sudo cannot be started. */
  open(account: string, errors: 'pipe' | number): Promise<ChildProcess>;
  /** Signals processes of an account; a negative number is a group. */
  kill(account: string, pids: readonly number[], signal: NodeJS.Signals): Promise<void>;
  /** Processes of an account that carry a launch key; none where the mediator cannot look. */
  find(account: string, key: string): Promise<readonly number[]>;
  /** Can it write certificates for a server? Of ours, those of this version on. */
  hasCertificates(): Promise<boolean>;
  /** Removes them. */
  discard(account: string, key: string): Promise<void>;
}

type MediatorOptions = Pick<SudoSpawnerOptions, 'mediatorPath' | 'mediatorLogLevel' | 'sudoArgs'>;

export function createMediator(options: MediatorOptions): Mediator {
  const { mediatorPath, mediatorLogLevel, sudoArgs } = options;
  let seen: { readonly version: string; readonly protocol: number } | null = null;

  const open: Mediator['open'] = async (account, errors) => {
    const words = [...sudoArgs, '-u', account, mediatorPath, `--logging=${mediatorLogLevel}`];
    const stdio: StdioOptions = ['pipe', 'pipe', errors];
    try {
      const child = spawn(findCommand('sudo', { path: process.env.PATH, cwd: '/' }), words, {
        cwd: '/',
        // Nothing of the hub's, and words that can be understood.
        env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' },
        detached: true,
        stdio,
      });
      child.stdin?.on('error', () => {}); // it may end without having read
      await once(child, 'spawn');
      return child;
    } catch (cause) {
      throw isShortage(cause) ? cause : noSudo(cause);
    }
  };

  const ask = async (account: string, question: JsonObject): Promise<JsonObject> => {
    const child = await open(account, 'pipe');
    // A sudo that hangs is root's: all that can be done is not to wait for it.
    const letGo = () => {
      for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.destroy();
    };
    const timer = setTimeout(letGo, patience * 1000);
    try {
      child.stdin?.end(JSON.stringify(question));
      const streams = [child.stdout, child.stderr].map((pipe) => (pipe ? saidBy(pipe) : ''));
      const [said = '', errors = ''] = await Promise.all(streams);
      const answer = answerIn(said);
      if (answer?.ok === true) return answer;
      throw sudoFailure(typeof answer?.error === 'string' ? answer.error : errors, { mediatorPath, account });
    } finally {
      clearTimeout(timer);
      letGo();
    }
  };

  const protocol = async () => {
    const version = await versionOf(mediatorPath);
    if (seen?.version !== version) seen = { version, protocol: await protocolOf(mediatorPath) };
    return seen.protocol;
  };
  const hasGate = async () => (await protocol()) >= 1;
  const hasCertificates = async () => (await protocol()) >= 2;

  return {
    hasGate,
    open,
    async kill(account, pids, name) {
      const signal = constants.signals[name];
      if (await hasGate()) await ask(account, { action: 'kill', pid: [...pids], signal });
      else for (const pid of pids) await ask(account, { action: 'kill', pid, signal });
    },
    async find(account, key) {
      if (!(await hasGate())) return [];
      const { pids } = await ask(account, { action: 'find', key });
      return Array.isArray(pids) ? pids.filter(isPid) : [];
    },
    hasCertificates,
    async discard(account, key) {
      if (await hasCertificates()) await ask(account, { action: 'discard', key });
    },
  };
}

/** Another file has another one. */
async function versionOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  return found ? `${found.ino} ${found.mtimeMs} ${found.size}` : '';
}

/**
 * Which protocol of ours it speaks. Asked by the hub's own user. Who cannot be asked is spoken to as sudospawner's (0),
 * which either understands.
 */
async function protocolOf(path: string): Promise<number> {
  try {
    const env = { PATH: process.env.PATH ?? '/usr/bin:/bin' };
    const { stdout } = await run(path, ['--help'], { cwd: '/', env, timeout: patience * 1000 });
    return Number(/^hub-sudo-mediator, protocol (\d+)/.exec(stdout)?.[1] ?? 0);
  } catch (error) {
    // A machine that could just then start nothing, or was too slow, tells nothing of the mediator: asked again next time.
    if (isShortage(error) || (error as { killed?: boolean }).killed) throw error;
    return 0;
  }
}
