// A program of its own, run by root for one launch: opens a PAM session, starts the command in it as the user, behind
// the gate, stays its parent, and closes the session when it has ended. It outlives whoever started it, and holds
// neither secrets nor sockets.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLaunchError, launchError } from '../launch-error.ts';
import { launchKeyVariable, launchOwnerVariable } from '../launch-key.ts';
import { lookAs } from '../look-as.ts';
import { exitOfChild } from '../process-exit.ts';
import { identify } from '../process-identity.ts';
import { gateAs, rootEnvironment, wordsToBecome } from '../run-as.ts';
import { recordExit } from './exit-record.ts';
import type { KeeperMessage, KeeperRequest } from './messages.ts';
import type { OpenSession } from './session-call.ts';

/** Descriptors besides the input and the log. */
const gateLine = 3;
const answerLine = 4;
/** Seconds that the rest of the command's group has to end before the session is closed under it. */
const restPatience = 5;

async function main(): Promise<void> {
  // Meant for the command, or for everything of the machine: it ends when the command has.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) process.on(name, () => {});
  const request: KeeperRequest = JSON.parse(readFileSync(0, 'utf8'));
  process.title = `hub-session ${request.session.service} ${request.user}`;

  const calls = await loadCalls();
  if (typeof calls === 'string')
    return tell({ kind: 'refused', stage: 'library', text: calls, messages: [] });
  const maskBefore = process.umask();
  const { gid } = request.look.as;
  const session = calls.openSessionCall({ service: request.session.service, user: request.user, gid });
  if (!('close' in session)) return tell({ kind: 'refused', ...session });
  try {
    requireMemory(session);
    const mask = process.umask();
    await keep(request, session, mask === maskBefore ? null : mask);
  } catch (error) {
    const { reason, path, message } = isLaunchError(error) ? error : unknownFailure(error);
    tell({ kind: 'failed', reason, path, message });
  } finally {
    const problem = session.close();
    if (problem) complain(`the PAM session of ${request.user} was not closed well: ${problem}`);
  }
}

function unknownFailure(error: unknown) {
  const text = error instanceof Error ? error.message : String(error);
  return launchError('system', '/bin/sh', `Nothing could be launched in the PAM session: ${text}`, error);
}

/** With too little of it this program would end some day, and leave the session open. */
function requireMemory({ limits: { stuck } }: OpenSession): void {
  const [name] = stuck.filter((one) => one === 'as' || one === 'data');
  if (name === undefined) return;
  const why = `The PAM session limits memory (${name}), which its keeper must not be held to.`;
  const way = `Give the hub the capability CAP_SYS_RESOURCE, or take ${name} out of the limits of pam_limits.`;
  throw launchError('session-refused', name, `${why} ${way}`);
}

async function keep(
  { session: { exitFile }, look, args }: KeeperRequest,
  { env, limits }: OpenSession,
  umask: number | null,
): Promise<void> {
  const as = { ...look.as, session: { limits: limits.words } };
  // Only now: the session may have made or mounted the home.
  const { command, cwd } = await lookAs({ ...look, as });
  const [program = '', ...words] = wordsToBecome(as);
  const child = spawn(program, [...words, '/bin/sh', '-c', gateAs, 'hub-gate', command, ...args], {
    cwd: '/',
    env: { ...rootEnvironment, ...marks() },
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', gateLine],
  });
  const ended = once(child, 'exit');
  await once(child, 'spawn');
  closeSync(gateLine); // else it would never be seen to close
  const identity = child.pid === undefined ? null : await identify(child.pid);
  if (!identity)
    throw launchError('system', program, 'The launched process ended before it could be identified.');
  tell({ kind: 'waiting', identity, cwd, command, env, umask });

  const [code, signal] = await ended;
  const exit = exitOfChild(code, signal);
  try {
    recordExit(exitFile, identity, exit);
  } catch (error) {
    complain(`how the server ended could not be recorded: ${String(error)}`);
  }
  tell({ kind: 'exited', exit });
  await groupGone(identity.pid);
}

function marks(): Readonly<Record<string, string | undefined>> {
  const { [launchKeyVariable]: key, [launchOwnerVariable]: owner } = process.env;
  return { [launchKeyVariable]: key, [launchOwnerVariable]: owner };
}

/** What is left of the command has its files open where the session may have mounted them. */
async function groupGone(group: number): Promise<void> {
  const end = performance.now() + restPatience * 1000;
  while (performance.now() < end) {
    try {
      process.kill(-group, 0);
    } catch {
      return;
    }
    await sleep(20);
  }
}

async function loadCalls() {
  try {
    return await import('./session-call.ts');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function tell(message: KeeperMessage): void {
  try {
    writeSync(answerLine, `${JSON.stringify(message)}\n`);
  } catch {
    // Who started this is gone: it goes on, and what it kept is recorded.
  }
}

/** Into the log of the command. */
function complain(text: string): void {
  try {
    writeSync(2, `hub: ${text}\n`);
  } catch {
    // The disk is full: the system's own log has it from the module.
  }
}

await main();
process.exit(0);
