import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { type Exit, type JsonObject, spawnFailure } from '@hub/core/plugin';
import { exitOfStatus, isLaunchError, openLogFile, tailFile } from '@hub/posix';
import { answerIn, isPid } from './answer.ts';
import type { CertificateOrder } from './certificates.ts';
import type { Mediator } from './mediator.ts';
import { saidBy, saidTooMuch } from './said-by.ts';
import { sudoFailure } from './sudo-failure.ts';

/** What to launch: the command itself lies beside the mediator. */
export interface LaunchOrder {
  readonly mediatorPath: string;
  readonly account: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where the server's output goes, see `openLogFile`. */
  readonly logFile: string;
  readonly certificates?: CertificateOrder | null;
}

/** A process launched by a mediator; with a gate it waits there. */
export interface LaunchedServer {
  readonly pid: number;
  /** Does the mediator tell how it ends, as long as this hub lives? */
  readonly tells: boolean;
  /** Resolves with its end, or with null when nobody told it. Never, where the mediator does not tell. */
  readonly exited: Promise<Exit | null>;
  /** Lets it run. Without a gate it does already. */
  open(): void;
  /** Closes the gate for good: what waits there ends. Without a gate nothing happens. */
  abandon(): void;
}

/**
 * Has the mediator launch a server. Should this process die before `open`, a server behind a gate never runs. Throws a
 * spawn failure when sudo or the mediator refuse.
 */
export async function launchServer(
  order: LaunchOrder,
  mediator: Mediator,
  patience = usualPatience,
): Promise<LaunchedServer> {
  const gated = await mediator.hasGate();
  if (order.certificates && !(await mediator.hasCertificates())) throw withoutCertificates(order);
  const log = logFile(order.logFile);
  let child: ChildProcess;
  try {
    child = await mediator.open(order.account, log);
  } finally {
    closeSync(log);
  }
  const { args, env, certificates } = order;
  const request = { action: 'spawn', args, env, ...(certificates && { certificates }) };
  const late = Promise.withResolvers<never>();
  late.promise.catch(() => {}); // perhaps nobody waits any more
  const timer = setTimeout(() => {
    late.reject(spawnFailure('system', `The mediator did not answer within ${patience} s.`));
  }, patience * 1000);
  try {
    return await (gated ? behindGate : atOnce)(child, request, order, late.promise);
  } catch (error) {
    for (const pipe of pipesOf(child)) pipe.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function logFile(path: string): number {
  try {
    return openLogFile(path);
  } catch (cause) {
    if (!isLaunchError(cause)) throw cause;
    const hint = 'Make room, or name another folder with the option logFolder.';
    throw spawnFailure('system', cause.message, { hint, cause });
  }
}

/** What the hub asks at its start, too; meanwhile somebody may have put another file there. */
export function withoutCertificates({ mediatorPath }: Pick<LaunchOrder, 'mediatorPath'>): Error {
  return spawnFailure('system', `The mediator ${mediatorPath} cannot hand certificates to servers.`, {
    hint: 'Internal TLS needs the hub-sudo-mediator of this version: copy it there again.',
  });
}

/** Seconds until a mediator that was not let go on by its user is given up. */
const usualPatience = 60;

async function behindGate(
  child: ChildProcess,
  request: object,
  order: LaunchOrder,
  late: Promise<never>,
): Promise<LaunchedServer> {
  const [input, output] = pipesOf(child);
  const answered = Promise.withResolvers<JsonObject | null>();
  const exited = Promise.withResolvers<Exit | null>();
  createInterface({ input: output })
    .on('line', (line) => {
      const said = answerIn(line);
      if (typeof said?.exited === 'number') exited.resolve(exitOfStatus(said.exited));
      else if (said) answered.resolve(said);
    })
    .on('close', () => {
      answered.resolve(null);
      exited.resolve(null);
    });
  const endless = saidTooMuch(output);
  endless.catch(() => {}); // after the answer nobody hears it: the end of the lines is the end of its word
  input.write(`${JSON.stringify({ ...request, gate: true })}\n`);
  const pid = await pidIn(await Promise.race([endless, answered.promise, late]), order);
  child.unref();
  output.unref();
  return {
    pid,
    tells: true,
    exited: exited.promise,
    open: () => void input.end('\n'),
    abandon: () => void input.destroy(),
  };
}

/** sudospawner's mediator: answers after a second, about a server that runs (P325). */
async function atOnce(
  child: ChildProcess,
  request: object,
  order: LaunchOrder,
  late: Promise<never>,
): Promise<LaunchedServer> {
  const [input, output] = pipesOf(child);
  const ended = child.exitCode === null ? once(child, 'exit') : null;
  input.end(JSON.stringify(request));
  const answer = answerIn(await Promise.race([saidBy(output), late]));
  if (!answer) await Promise.race([ended, late]);
  const pid = await pidIn(answer, order);
  child.unref();
  return { pid, tells: false, exited: new Promise(() => {}), open() {}, abandon() {} };
}

function pipesOf({ stdin, stdout }: ChildProcess): readonly [Socket, Socket] {
  // Node makes sockets of a child's pipes; its types say streams.
  return [stdin as Socket, stdout as Socket];
}

async function pidIn(answer: JsonObject | null, order: LaunchOrder): Promise<number> {
  if (answer?.ok === true && isPid(answer.pid)) return answer.pid;
  if (typeof answer?.error === 'string') throw refused(answer.error);
  throw sudoFailure(await tailFile(order.logFile, 4000), order);
}

/** What the mediator says of a server it could not launch (P326). */
function refused(error: string): Error {
  if (/home folder/.test(error)) {
    return spawnFailure('system', sentence(error), { hint: 'Make it, or give it to the account it is for.' });
  }
  const early = /^Exited with status/.test(error);
  const missing = /does not exist|may not be executed|No such file|Permission denied/.test(error);
  return spawnFailure(early ? 'exited' : missing ? 'command-not-found' : 'system', sentence(error), {
    hint: early ? "See the server's log." : 'The single-user server lies in the folder of the mediator.',
  });
}

function sentence(error: string): string {
  return `The mediator could not start the server: ${error.endsWith('.') ? error : `${error}.`}`;
}
