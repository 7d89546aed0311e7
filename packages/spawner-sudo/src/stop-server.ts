import { setTimeout as sleep } from 'node:timers/promises';
import { spawnFailure } from '@hub/core/plugin';
import { familyOf, type ProcessIdentity, runsAnythingAs } from '@hub/posix';
import { identityOf, lives } from './lives.ts';
import type { Mediator } from './mediator.ts';
import type { SudoState } from './state.ts';

/** What to stop and how. */
export interface StopOrder {
  readonly state: SudoState | null;
  /** The account to look in when there is no state. */
  readonly account: string | null;
  readonly key: string;
  /** Signals to the server and its group, each with the seconds it has. */
  readonly ladder: readonly (readonly [NodeJS.Signals, number])[];
  readonly signal: AbortSignal;
}

/** What left the group had its chance while the rest was ending. */
const escaped = [
  ['SIGTERM', 3],
  ['SIGKILL', 5],
] as const;

/**
 * Ends a server through the mediator and resolves when nothing of it is known to run: the server with its group first
 * (P304), then what escaped the group: descendants, and what carries the key where the mediator can look for it.
 * Rejects when something survives SIGKILL, when sudo does not let the hub signal it, and with the signal's reason when
 * aborted.
 */
export async function stopServer(order: StopOrder, mediator: Mediator): Promise<void> {
  try {
    await climb(order, mediator);
  } catch (error) {
    const { state, signal } = order;
    signal.throwIfAborted();
    // Nothing was released, and what waited at the gate has ended: there is nobody to look for.
    if (!state) return;
    // sudo may know the account no longer, or not let the hub become it. That matters only while something runs.
    if (!(await lives(state)) && (await runsAnythingAs(state.uid)) === false) return;
    throw await outOfReach(error, state);
  }
}

async function climb(order: StopOrder, mediator: Mediator): Promise<void> {
  const { state, key, ladder, signal } = order;
  const account = state?.account ?? order.account;
  if (!account) return;
  // Remembered now: when the server is gone, nothing else tells that these belonged to it.
  const family = state && (await lives(state)) ? await familyOf({ identity: state, launchKey: key }) : [];
  if (state) {
    for (const [name, seconds] of ladder) {
      if (!(await lives(state))) break;
      // Who has just left the gate leads no group yet.
      const itself = state.group === state.pid ? [state.pid] : [];
      await mediator.kill(account, [-state.group, ...itself], name);
      await gone([state], seconds, signal);
    }
  }

  const carriers = await Promise.all((await mediator.find(account, key)).map(identityOf));
  let left = [...family, ...carriers.filter((one) => one !== null)];
  for (const [name, seconds] of escaped) {
    left = await alive(left);
    if (left.length === 0) return;
    await mediator.kill(
      account,
      left.map(({ pid }) => pid),
      name,
    );
    await gone(left, seconds, signal);
  }
  left = await alive(left);
  if (left.length > 0)
    throw new Error(`Still running after SIGKILL: ${left.map(({ pid }) => pid).join(', ')}.`);
}

/** What an administrator needs to end by hand what sudo lets the hub end no more. */
async function outOfReach(error: unknown, state: SudoState): Promise<unknown> {
  if (!isRefusal(error)) return error;
  const { pid, uid } = state;
  const left = (await lives(state))
    ? `Process ${pid} of uid ${uid} runs on.`
    : `Processes of uid ${uid} run.`;
  const hint = `${error.hint ?? ''} Or end it as root; the hub notices.`.trimStart();
  return spawnFailure('stop-failed', `${error.message} ${left}`, { hint, cause: error });
}

function isRefusal(error: unknown): error is ReturnType<typeof spawnFailure> {
  return (error as { kind?: unknown }).kind === 'spawn-failure';
}

async function gone(all: readonly ProcessIdentity[], seconds: number, signal: AbortSignal): Promise<void> {
  const end = performance.now() + seconds * 1000;
  for (let pause = 10; performance.now() < end; pause = Math.min(pause * 1.5, 250)) {
    if ((await alive(all)).length === 0) return;
    await sleep(Math.min(pause, end - performance.now()), undefined, { signal }).catch(() => {
      signal.throwIfAborted();
    });
  }
}

async function alive(all: readonly ProcessIdentity[]): Promise<ProcessIdentity[]> {
  const found = await Promise.all(all.map(lives));
  return [...new Map(all.filter((_, index) => found[index]).map((one) => [one.pid, one])).values()];
}
