import { type Launch, type RunningServer, spawnFailure } from '@hub/core/plugin';
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
  /** Ends what runs of it still, and forgets it. */
  remove(server: Pick<RunningServer, 'key'>): Promise<void>;
  /** The limit on processes, where only the account's can be counted. */
  mostProcesses(options: Wanted): Promise<number | undefined>;
  /** Options that ask for what this machine cannot keep. */
  unkept(): Promise<readonly string[]>;
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
    remove: async ({ key }) => await (await groups())?.remove(nameOf(key)),
    mostProcesses: async (now) => ((await keeps('processes')) ? undefined : (now.pidsLimit ?? undefined)),
    async unkept() {
      const lacking: string[] = [];
      if (memLimit !== null && !(await keeps('memory'))) lacking.push('memLimit');
      if (cpuLimit !== null && !(await keeps('cpus'))) lacking.push('cpuLimit');
      if (pidsLimit !== null && options.runAs === 'hub' && !(await keeps('processes')))
        lacking.push('pidsLimit');
      return lacking;
    },
  };
}

function limitsOf({ memLimit, cpuLimit, pidsLimit }: Wanted): GroupLimits {
  return { memory: positive(memLimit), cpus: positive(cpuLimit), processes: positive(pidsLimit) };
}

/** Sizes of a launch are bytes already; 0 means no limit. */
function positive(limit: string | number | null): number | undefined {
  const value = Number(limit);
  return value > 0 ? value : undefined;
}
