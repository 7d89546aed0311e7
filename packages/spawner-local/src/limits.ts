import { constants } from 'node:os';
import { type Exit, type Launch, type RunningServer, spawnFailure } from '@hub/core/plugin';
import { type ControlGroups, type GroupLimits, openControlGroups, type ProcessIdentity } from '@hub/posix';
import type { LaunchOptions, LocalSpawnerOptions } from './options.ts';

/** Limits of one launch. */
export type Wanted = Pick<LaunchOptions, 'memLimit' | 'cpuLimit' | 'pidsLimit'>;

/** Keeps servers within their limits, and knows what runs of them, by control groups where there are any. */
export interface ServerLimits {
  /** Puts a waiting process under the limits of its launch. Throws a spawn failure. */
  apply(launch: Launch, pid: number, options: Wanted): Promise<void>;
  /** What runs of a launch; nothing where no group tells. */
  members(key: string): Promise<readonly ProcessIdentity[]>;
  /** The exit, with the limit on memory named as its cause where it was. Ask before `remove`. */
  explained(key: string, exit: Exit): Promise<Exit>;
  /** Ends what runs of it still, and forgets it. */
  remove(server: Pick<RunningServer, 'key'>): Promise<void>;
  /** The limit on processes, where only the account's can be counted. */
  mostProcesses(options: Wanted): Promise<number | undefined>;
  /** Options that ask for what this machine cannot keep, and the control group that is in the way, if one is. */
  unkept(): Promise<{ readonly options: readonly string[]; readonly occupied: string | null }>;
}

/** `mark` tells this instance's groups from others'. */
export function serverLimits(options: LocalSpawnerOptions, mark: string): ServerLimits {
  const { memLimit, cpuLimit, pidsLimit } = options;
  const wanted = options.runAs === 'user' || [memLimit, cpuLimit, pidsLimit].some((limit) => limit !== null);
  let opened: Promise<ControlGroups | null> | null = null;
  const groups = () => {
    opened ??=
      wanted && options.controlGroup ? openControlGroups(options.controlGroup) : Promise.resolve(null);
    return opened;
  };
  const nameOf = (key: string) => encodeURIComponent(`${mark}-${key}`);
  const keeps = async (limit: keyof GroupLimits) => (await groups())?.keeps.has(limit) ?? false;

  return {
    async apply(launch, pid, wantedNow) {
      try {
        await (await groups())?.enter(nameOf(launch.key), pid, limitsOf(wantedNow));
      } catch (cause) {
        // It ended while it waited, and its exit tells why.
        if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return;
        throw spawnFailure('system', `The limits of the server cannot be set: ${(cause as Error).message}`, {
          hint: 'See the options controlGroup, memLimit, cpuLimit and pidsLimit.',
          cause,
        });
      }
    },
    members: async (key) => (await (await groups())?.members(nameOf(key))) ?? [],
    async explained(key, exit) {
      const unseen = exit.code === 0 && exit.reason !== undefined;
      if (!unseen && !isKill(exit)) return exit;
      const kills = (await (await groups())?.memoryKills(nameOf(key))) ?? 0;
      if (kills === 0) return exit;
      if (unseen)
        return { ...exit, reason: `${exit.reason} The system killed processes of it for want of memory.` };
      const reason = 'It needed more memory than its limit, so the system killed it (SIGKILL).';
      return { ...exit, signal: 'SIGKILL', reason };
    },
    remove: async ({ key }) => await (await groups())?.remove(nameOf(key)),
    mostProcesses: async (now) => ((await keeps('processes')) ? undefined : (now.pidsLimit ?? undefined)),
    async unkept() {
      const lacking: string[] = [];
      if (memLimit !== null && !(await keeps('memory'))) lacking.push('memLimit');
      if (cpuLimit !== null && !(await keeps('cpus'))) lacking.push('cpuLimit');
      if (pidsLimit !== null && options.runAs === 'hub' && !(await keeps('processes')))
        lacking.push('pidsLimit');
      return { options: lacking, occupied: (await groups())?.occupied ?? null };
    },
  };
}

function isKill({ code, signal }: Exit): boolean {
  return signal === 'SIGKILL' || code === 128 + constants.signals.SIGKILL;
}

function limitsOf({ memLimit, cpuLimit, pidsLimit }: Wanted): GroupLimits {
  return { memory: positive(memLimit), cpus: positive(cpuLimit), processes: positive(pidsLimit) };
}

/** Sizes of a launch are bytes already; 0 means no limit. */
function positive(limit: string | number | null): number | undefined {
  const value = Number(limit);
  return value > 0 ? value : undefined;
}
