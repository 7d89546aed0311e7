import { setTimeout as sleep } from 'node:timers/promises';
import { familyOf, type LaunchNames } from './launch-family.ts';
import { findByLaunchKey } from './launch-key.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';
import { allProcesses } from './process-table.ts';

/** How long each step of a stop waits, in seconds. */
export interface StopTimeouts {
  /** After SIGINT, 30 unless given. */
  readonly interrupt?: number | undefined;
  /** After SIGTERM, 30 unless given. */
  readonly term?: number | undefined;
  /** After SIGKILL, 5 unless given. */
  readonly kill?: number | undefined;
}

/** What to stop and how. */
export interface StopOptions extends LaunchNames {
  /** Skip the polite step: begin with SIGTERM. */
  readonly now?: boolean | undefined;
  readonly timeouts?: StopTimeouts | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Targets = () => Promise<readonly ProcessIdentity[]>;
type Step = readonly [signal: NodeJS.Signals, seconds: number];

/** What left the group had its chance while the rest was ending: it gets this many seconds after SIGTERM. */
const escapedTerm = 3;

/**
 * Ends a launch and resolves when nothing of it runs: SIGINT, SIGTERM and SIGKILL to the process and its group
 * (P304), each only while something of it is left; then SIGTERM and SIGKILL to what escaped the group. Rejects with
 * the signal's reason when aborted, and when something survives SIGKILL.
 */
export async function stopProcesses(options: StopOptions): Promise<void> {
  const { identity, now = false, timeouts = {}, signal } = options;
  const { interrupt = 30, term = 30, kill = 5 } = timeouts;
  const polite: readonly Step[] = now ? [] : [['SIGINT', interrupt]];

  // Remembered now: when the first process is gone, nothing else would tell that some of these belonged to it.
  const family = await familyOf(options);
  const anything = async () => union(await stillAlive(family), await carriers(options));
  const group = identity ? () => groupOf(identity, options) : anything;
  await climb([...polite, ['SIGTERM', term], ['SIGKILL', kill]], group, identity, signal);
  await climb(
    [
      ['SIGTERM', Math.min(term, escapedTerm)],
      ['SIGKILL', kill],
    ],
    anything,
    null,
    signal,
  );
}

/** Signals what `targets` finds, step by step, until it finds nothing. */
async function climb(
  ladder: readonly Step[],
  targets: Targets,
  leader: ProcessIdentity | null,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const step of ladder) {
    signal?.throwIfAborted();
    const left = await targets();
    if (left.length === 0) return;
    await signalAll(left, step[0], leader);
    if (await goneAfter(step, left, targets, signal)) return;
  }
  const pids = (await targets()).map(({ pid }) => pid);
  if (pids.length > 0) throw new Error(`Still running after SIGKILL: ${pids.join(', ')}.`);
}

async function signalAll(
  targets: readonly ProcessIdentity[],
  name: NodeJS.Signals,
  leader: ProcessIdentity | null,
): Promise<void> {
  // One signal to the group cannot miss a process that is being forked; the group is ours while its leader lives.
  if (leader && (await isAlive(leader))) return send(-leader.pid, name);
  for (const target of targets) if (await isAlive(target)) send(target.pid, name);
}

function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Looks at the processes that were signalled, which is cheap, and only when these are gone for others. */
async function goneAfter(
  [name, seconds]: Step,
  signalled: readonly ProcessIdentity[],
  targets: Targets,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const end = performance.now() + seconds * 1000;
  let waiting = signalled;
  for (let pause = 10; ; pause = Math.min(pause * 1.5, 250)) {
    waiting = await stillAlive(waiting);
    if (waiting.length === 0) {
      waiting = await targets();
      if (waiting.length === 0) return true;
      // Born after the signal was sent.
      await signalAll(waiting, name, null);
    }
    const rest = end - performance.now();
    if (rest <= 0) return false;
    await sleep(Math.min(pause, rest), undefined, signal ? { signal } : {}).catch((error: unknown) => {
      throw signal?.reason ?? error;
    });
  }
}

/** The process and its group. Without the process, only a member that carries the key proves the group is ours. */
async function groupOf(leader: ProcessIdentity, names: LaunchNames): Promise<readonly ProcessIdentity[]> {
  if (!(await groupIsOurs(leader, names))) return [];
  const all = await allProcesses();
  return all
    .filter((info) => !info.zombie && info.group === leader.pid)
    .map(({ pid, startTime }) => ({ pid, startTime, bootId: leader.bootId }));
}

async function groupIsOurs(
  leader: ProcessIdentity,
  { launchKey, owner, uid }: LaunchNames,
): Promise<boolean> {
  if (await isAlive(leader)) return true;
  return (await findByLaunchKey(launchKey, owner, uid)).some(({ info }) => info.group === leader.pid);
}

async function carriers(names: LaunchNames): Promise<readonly ProcessIdentity[]> {
  const { launchKey, owner, uid, members } = names;
  const [found, others] = await Promise.all([findByLaunchKey(launchKey, owner, uid), members?.() ?? []]);
  return union(
    found.map(({ identity }) => identity),
    others,
  );
}

async function stillAlive(all: readonly ProcessIdentity[]): Promise<readonly ProcessIdentity[]> {
  const alive = await Promise.all(all.map(isAlive));
  return all.filter((_, index) => alive[index]);
}

function union(...lists: (readonly ProcessIdentity[])[]): readonly ProcessIdentity[] {
  return [...new Map(lists.flat().map((identity) => [identity.pid, identity])).values()];
}
