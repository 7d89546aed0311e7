import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exit, Logger, RunningServer } from '@hub/core/plugin';
import { endKeeper, isAlive, type ProcessIdentity, readExit, type SessionPlan } from '@hub/posix';
import type { LaunchOptions } from './options.ts';
import type { LocalState } from './state.ts';

/** The PAM session of a launch, where one is asked for. */
export function sessionPlan(
  { pamService }: Pick<LaunchOptions, 'pamService'>,
  logFile: string,
): SessionPlan | undefined {
  return pamService ? { service: pamService, exitFile: exitFile(logFile) } : undefined;
}

/** Seconds that the keeper of a session has to record the end of a server that is known to be gone. */
const recordPatience = 2;

/** How a server ended whose session recorded it; also for a hub that did not launch it. */
export async function recordedExit(state: LocalState): Promise<Exit | null> {
  const { keeper, logFile } = state;
  if (!keeper) return null;
  const end = performance.now() + recordPatience * 1000;
  for (;;) {
    const last = performance.now() > end || !(await isAlive(keeper));
    const found = await readExit(exitFile(logFile), state);
    if (found || last) return found;
    await sleep(20);
  }
}

/** Is this server's session beyond closing? It is when its keeper was killed before the server ended. */
export async function isUnkept(
  server: ProcessIdentity | null,
  keeper: ProcessIdentity | null,
): Promise<boolean> {
  return server !== null && keeper !== null && !(await isAlive(keeper)) && (await isAlive(server));
}

/** Waits until the session of a stopped server is closed; one that does not close is given up, and said. */
export async function closeSession(
  keeper: ProcessIdentity | null,
  unkept: boolean,
  { log, signal }: { readonly log: Logger; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  if (!keeper) return;
  const { pid } = keeper;
  if (unkept) {
    log.warn({ keeper: pid }, 'a PAM session stays open: who kept it was killed before the server ended');
    return;
  }
  if ((await endKeeper(keeper, signal ? { signal } : {})) === 'killed')
    log.error({ keeper: pid }, 'a PAM session stays open: a module hung while it was closed, and was killed');
}

/** Forgets how a server ended. */
export async function forgetExit(logFile: string): Promise<void> {
  await rm(exitFile(logFile), { force: true });
}

/** The keeper of a server's session, of which the hub's record or the process that launched it knows. */
export function keeperOf(
  { state }: RunningServer<LocalState>,
  child: { readonly process: { readonly keeper: ProcessIdentity | null } } | null,
): ProcessIdentity | null {
  return state?.keeper ?? child?.process.keeper ?? null;
}

function exitFile(logFile: string): string {
  return `${logFile}.exit`;
}
