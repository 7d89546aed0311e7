import { closeSync, constants, fchownSync, openSync, renameSync, statfsSync } from 'node:fs';
import { type FileHandle, lstat, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { launchError } from './launch-error.ts';

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/** The account a log file is given to. */
export interface LogOwner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Opens a fresh log file (0600) for a process to write to; what was there becomes `<path>.1`, and an older `.1`
 * goes. Answers with a descriptor the caller closes. With `owner` the file is given to that account; the folder must
 * be one where that account can change nothing. Throws a launch error when the disk is full.
 */
export function openLogFile(path: string, owner: LogOwner | null = null): number {
  requireRoom(dirname(path));
  try {
    renameSync(path, `${path}.1`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  // Appending, so that a writer goes on at the start after the file was cut.
  const log = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, 0o600);
  try {
    if (owner) fchownSync(log, owner.uid, owner.gid);
    return log;
  } catch (error) {
    closeSync(log);
    throw error;
  }
}

/** A server whose log cannot be written would end in the dark. */
function requireRoom(folder: string): void {
  const { blocks, bavail } = statfsSync(folder);
  // Some file systems know no blocks at all.
  if (blocks === 0 || bavail > 0) return;
  throw launchError('disk-full', folder, `No space is left for logs in ${folder}.`);
}

/** Runs `use` with a fresh log file and closes our side of it afterwards. */
export async function withLogFile<T>(
  path: string,
  owner: LogOwner | null,
  use: (descriptor: number) => Promise<T>,
): Promise<T> {
  const descriptor = openLogFile(path, owner);
  try {
    return await use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A trimmed log keeps this many times its limit at most: whoever owns it can make it as long as they like. */
const mostKept = 4;

// Whoever owns a log may lease it, and the kernel then keeps those who open it waiting for 45 s, in one of the few
// threads of this process. Nor is a pipe in its place waited for, or a link followed.
const careful = O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Keeps a log that is being written below `maxBytes`: a longer one is copied to `<path>.1`, its last part where it is
 * much longer, and emptied. The copy belongs to whom the log belongs to. Lines written between the two steps are
 * lost. A missing file is fine.
 */
export async function trimLogFile(path: string, maxBytes: number): Promise<void> {
  try {
    const { size, uid, gid } = await lstat(path);
    if (size <= maxBytes) return;
    await using from = await open(path, constants.O_RDWR | careful);
    await rm(`${path}.1`, { force: true }); // may be leased or linked to, too
    await using to = await open(`${path}.1`, O_WRONLY | O_CREAT | O_EXCL | careful, 0o600);
    if (uid !== process.getuid?.()) await to.chown(uid, gid);
    await copyPart(from, to, Math.max(0, size - maxBytes * mostKept), size);
    await from.truncate();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

async function copyPart(from: FileHandle, to: FileHandle, start: number, end: number): Promise<void> {
  const buffer = Buffer.alloc(Math.min(end - start, 1 << 20));
  for (let at = start; at < end; ) {
    const { bytesRead } = await from.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0) return;
    await to.writeFile(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** Removes a log and the part of it that was moved away. */
export async function removeLogFile(path: string): Promise<void> {
  await Promise.all([rm(path, { force: true }), rm(`${path}.1`, { force: true })]);
}

/** The last part of a file, at most `bytes` of it and only whole UTF-8 characters; `''` when there is no file. */
export async function tailFile(path: string, bytes: number): Promise<string> {
  try {
    await using file = await open(path, constants.O_RDONLY | careful);
    const { size } = await file.stat();
    const start = Math.max(0, size - bytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    const from = start === 0 ? 0 : firstWholeCharacter(buffer);
    // `stream` holds back a character at the end whose last bytes are not written yet.
    return new TextDecoder().decode(buffer.subarray(from, bytesRead), { stream: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function firstWholeCharacter(buffer: Uint8Array): number {
  let from = 0;
  while (from < 3 && from < buffer.length && ((buffer[from] ?? 0) & 0b1100_0000) === 0b1000_0000) from += 1;
  return from;
}
