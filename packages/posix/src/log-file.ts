import { closeSync, constants, openSync, renameSync } from 'node:fs';
import { copyFile, open, stat, truncate } from 'node:fs/promises';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;

/**
 * Opens a fresh log file (0600) for a process to write to; what was there becomes `<path>.1`, and an older `.1`
 * goes. Answers with a descriptor the caller closes.
 */
export function openLogFile(path: string): number {
  try {
    renameSync(path, `${path}.1`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  // Appending, so that a writer goes on at the start after the file was cut.
  return openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
}

/** Runs `use` with a fresh log file and closes our side of it afterwards. */
export async function withLogFile<T>(path: string, use: (descriptor: number) => Promise<T>): Promise<T> {
  const descriptor = openLogFile(path);
  try {
    return await use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Keeps a log that is being written below `maxBytes`: a longer one is copied to `<path>.1` and emptied. Lines
 * written between the two steps are lost. A missing file is fine.
 */
export async function trimLogFile(path: string, maxBytes: number): Promise<void> {
  try {
    if ((await stat(path)).size <= maxBytes) return;
    await copyFile(path, `${path}.1`);
    await truncate(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** The last part of a file, at most `bytes` of it and only whole UTF-8 characters; `''` when there is no file. */
export async function tailFile(path: string, bytes: number): Promise<string> {
  try {
    await using file = await open(path, 'r');
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
