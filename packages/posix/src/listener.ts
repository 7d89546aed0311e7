import { readdir, readFile, readlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromProcHex, overlaps, reachable } from './address.ts';
import { familyOf, type LaunchNames } from './launch-family.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';
import { hasProc } from './process-table.ts';
import { shareRuns } from './shared-runs.ts';

/** A listening TCP socket of this machine. */
export interface ListeningSocket {
  readonly address: string;
  readonly port: number;
  readonly uid: number;
  readonly inode: string;
}

/** Whose socket listens at a port. `unknown` where the system does not tell. */
export type ListenerOwner = 'nobody' | 'ours' | 'another' | 'unknown';

/** The launch a listening socket should belong to. */
export interface ListenerQuestion {
  readonly address: string;
  readonly port: number;
  readonly identity: ProcessIdentity;
  readonly launchKey: string;
  /** The account the launched process runs as, for where its open files cannot be read. */
  readonly uid?: number | undefined;
  /** See `familyOf`. */
  readonly members?: LaunchNames['members'];
}

/** All listening TCP sockets of this machine. Questions asked at the same time share one look. */
export const listeningSockets: () => Promise<readonly ListeningSocket[]> = shareRuns(async () => {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(readTable));
  return tables.flat();
});

/**
 * Does what listens at the port belong to this launch: its process, its group, its descendants, or whoever
 * carries its key? `ours` only if nobody else listens there as well.
 */
export async function listenerOwner(question: ListenerQuestion): Promise<ListenerOwner> {
  if (!hasProc) return 'unknown';
  const sockets = (await listeningSockets()).filter((socket) => {
    return socket.port === question.port && overlaps(socket.address, question.address);
  });
  if (sockets.length === 0) return 'nobody';
  const missing = new Set(sockets.map(({ inode }) => `socket:[${inode}]`));
  let readable = await takeSockets(question.identity.pid, missing);
  if (missing.size === 0) return 'ours';
  for (const { pid } of await familyOf(question)) {
    readable = (await takeSockets(pid, missing)) && readable;
    if (missing.size === 0) return 'ours';
  }
  if (readable) return 'another';
  return sockets.every(({ uid }) => uid === question.uid) ? 'unknown' : 'another';
}

/** Addresses and ports at which a launch listens: its process, its group, its descendants, who carries its key. */
export async function listenersOf(
  launch: Pick<ListenerQuestion, 'identity' | 'launchKey' | 'uid' | 'members'>,
): Promise<readonly Pick<ListeningSocket, 'address' | 'port'>[]> {
  if (!hasProc) return [];
  const all = await listeningSockets();
  const family = new Set([launch.identity.pid, ...(await familyOf(launch)).map(({ pid }) => pid)]);
  const held = new Set<string>();
  for (const pid of family) {
    const missing = new Set(all.map(({ inode }) => `socket:[${inode}]`));
    await takeSockets(pid, missing);
    for (const { inode } of all) if (!missing.has(`socket:[${inode}]`)) held.add(inode);
  }
  return all.flatMap(({ inode, address, port }) => (held.has(inode) ? [{ address, port }] : []));
}

/**
 * Waits until something listens at `address` and the port and tells whose it is. Ends with `nobody` when the
 * launched process is gone before, and rejects with the signal's reason when that is aborted.
 */
export async function waitForListener({
  signal,
  ...question
}: ListenerQuestion & { signal: AbortSignal }): Promise<ListenerOwner> {
  for (let pause = 20; ; pause = Math.min(pause * 1.3, 500)) {
    signal.throwIfAborted();
    // Trying to connect costs next to nothing while nobody listens; the tables are long on a busy machine.
    if (await answers(question.address, question.port)) {
      const owner = await listenerOwner(question);
      if (owner !== 'nobody') return owner;
    }
    if (!(await isAlive(question.identity))) return 'nobody';
    await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

async function readTable(path: string): Promise<readonly ListeningSocket[]> {
  let text: string;
  try {
    text = await readFile(path, 'latin1');
  } catch {
    // No IPv6, or no /proc.
    return [];
  }
  const listening: ListeningSocket[] = [];
  for (const line of text.split('\n').slice(1)) {
    // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode; state 0A is LISTEN.
    const [, local, , state, , , , uid, , inode] = line.trim().split(/\s+/);
    if (state !== '0A' || !local || !uid || !inode) continue;
    const [address = '', port = ''] = local.split(':');
    listening.push({
      address: fromProcHex(address),
      port: Number.parseInt(port, 16),
      uid: Number(uid),
      inode,
    });
  }
  return listening;
}

/** Takes the sockets this process holds out of `missing`; answers whether its files could be read. */
async function takeSockets(pid: number, missing: Set<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  try {
    // Numbers of sockets come last: most processes have few files open, and the first three are none.
    for (const name of (await readdir(folder)).reverse()) {
      if (missing.size === 0) break;
      missing.delete(await readlink(`${folder}/${name}`).catch(() => ''));
    }
    return true;
  } catch (error) {
    // A process that is gone holds nothing; one we may not look into leaves the question open.
    return (error as NodeJS.ErrnoException).code !== 'EACCES';
  }
}

async function answers(address: string, port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: reachable(address), port, timeout: 1000 });
    const done = (result: boolean) => () => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', done(true)).once('error', done(false)).once('timeout', done(false));
  });
}
