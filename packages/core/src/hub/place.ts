import { readlink } from 'node:fs/promises';
import { bootId, identify, isAlive } from '@hub/posix';

/** Which run of which system this process is in: what ran in another is dead (design section 5, "Host"). */
export async function findPlace(): Promise<string> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => 'pid'); // other systems have one namespace
  return `${await bootId()} ${namespace}`;
}

/** This process, as other hubs of this host will look for it. */
export async function thisProcess(): Promise<{ readonly pid: number; readonly processStart: string }> {
  const identity = await identify(process.pid);
  return { pid: process.pid, processStart: identity?.startTime ?? '' };
}

/** Is the hub recorded with this pid and start still there? */
export async function processAlive(pid: number, processStart: string): Promise<boolean> {
  return isAlive({ pid, startTime: processStart, bootId: await bootId() });
}
