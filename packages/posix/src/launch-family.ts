import { findByLaunchKey } from './launch-key.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';
import { allProcesses } from './process-table.ts';

/** How a launch is known: by its first process, where that is recorded, and by the key everything of it carries. */
export interface LaunchNames {
  readonly identity: ProcessIdentity | null;
  readonly launchKey: string;
  /** See `findByLaunchKey`. */
  readonly owner?: string | undefined;
  readonly uid?: number | undefined;
  /** Further processes known to belong to it, such as those of a control group. */
  readonly members?: (() => Promise<readonly ProcessIdentity[]>) | undefined;
}

/**
 * Everything that runs of a launch: its process, the group, the session and all descendants of that process, and
 * whoever carries the key. Once the first process is gone only the key tells, because a number may by then name a
 * stranger's group.
 */
export async function familyOf({
  identity,
  launchKey,
  owner,
  uid,
  members: known = async () => [],
}: LaunchNames): Promise<readonly ProcessIdentity[]> {
  const [all, carriers, others] = await Promise.all([
    allProcesses(),
    findByLaunchKey(launchKey, owner, uid),
    known(),
  ]);
  const members = new Map([...others, ...carriers.map((one) => one.identity)].map((one) => [one.pid, one]));
  if (!identity || !(await isAlive(identity))) return [...members.values()];

  const running = all.filter(({ zombie }) => !zombie);
  const children = Map.groupBy(running, ({ parent }) => parent);
  const add = ({ pid, startTime }: { pid: number; startTime: string }) =>
    members.has(pid) || members.set(pid, { pid, startTime, bootId: identity.bootId });
  add(identity);
  for (const info of running) if (info.group === identity.pid || info.session === identity.pid) add(info);
  // A map's walk also visits what is added on the way.
  for (const pid of members.keys()) for (const child of children.get(pid) ?? []) add(child);
  return [...members.values()];
}
