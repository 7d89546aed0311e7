import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { machineReason, mayChangeMachine, run } from '../test/support/test-machine.ts';
import { openLogFile, tailFile, trimLogFile } from './log-file.ts';

let path: string;

beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'hub-log-')), 'log');
});
afterEach(() => rmSync(join(path, '..'), { recursive: true }));

it('tails whole characters only', async () => {
  writeFileSync(path, 'aäöü');
  expect(await tailFile(path, 100)).toBe('aäöü');
  expect(await tailFile(path, 4)).toBe('öü');
  expect(await tailFile(path, 3)).toBe('ü');
  expect(await tailFile(path, 0)).toBe('');
  appendFileSync(path, Buffer.from('€').subarray(0, 2)); // a character that is being written
  expect(await tailFile(path, 4)).toBe('ü');
});

it('has no tail without a file', async () => {
  expect(await tailFile(path, 10)).toBe('');
});

it('cuts a log that grows too long while it is written', async () => {
  const log = openLogFile(path);
  writeSync(log, 'x'.repeat(100));
  await trimLogFile(path, 100);
  expect(statSync(path).size).toBe(100);
  writeSync(log, 'y');
  await trimLogFile(path, 100);
  expect(statSync(path).size).toBe(0);
  writeSync(log, 'z');
  closeSync(log);
  expect(readFileSync(path, 'utf8')).toBe('z');
  expect(readFileSync(`${path}.1`, 'utf8')).toBe(`${'x'.repeat(100)}y`);
});

it('copies the end only of a log that somebody made endless', async () => {
  writeFileSync(path, '');
  truncateSync(path, 1_000_000_000_000);
  appendFileSync(path, 'the end');
  await trimLogFile(path, 100);
  expect(statSync(`${path}.1`).size).toBe(400);
  expect(readFileSync(`${path}.1`, 'utf8')).toMatch(/the end$/);
});

it('needs room', async ({ skip }) => {
  skip(!mayChangeMachine, machineReason);
  const folder = join(path, '..');
  expect((await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder])).status).toBe(0);
  try {
    writeFileSync(join(folder, 'fill'), Buffer.alloc(64 << 10));
    expect(() => openLogFile(path)).toThrow(
      expect.objectContaining({ reason: 'disk-full', message: `No space is left for logs in ${folder}.` }),
    );
  } finally {
    await run('umount', [folder]);
  }
});

it('does not write through a link', () => {
  symlinkSync('/dev/null', path);
  const log = openLogFile(path); // the link itself is moved away
  closeSync(log);
  expect(statSync(path).isFile()).toBe(true);
});

it('waits for nobody: not at a pipe, nor for whoever holds a lease on the log they own', async ({ skip }) => {
  skip(process.platform !== 'linux', 'only on Linux: leases');
  writeFileSync(path, 'x'.repeat(200));
  const began = performance.now();
  const holder = await holdLease(path);
  try {
    await expect(tailFile(path, 10)).rejects.toMatchObject({ code: 'EAGAIN' });
    await expect(trimLogFile(path, 100)).rejects.toMatchObject({ code: 'EAGAIN' });
  } finally {
    holder.kill('SIGKILL');
    await once(holder, 'exit');
  }
  writeFileSync(`${path}.1`, 'old');
  const second = await holdLease(`${path}.1`);
  try {
    await trimLogFile(path, 100);
  } finally {
    second.kill('SIGKILL');
    await once(second, 'exit');
  }
  expect(readFileSync(`${path}.1`, 'utf8')).toHaveLength(200);
  // The kernel would have kept each of the three waiting for 45 s.
  expect(performance.now() - began).toBeLessThan(30_000);

  rmSync(path);
  expect((await run('mkfifo', [path])).status).toBe(0);
  expect(await tailFile(path, 10)).toBe('');
  await trimLogFile(path, 100);
});

it('reads through no link', async () => {
  symlinkSync('/etc/passwd', path);
  await expect(tailFile(path, 10)).rejects.toMatchObject({ code: 'ELOOP' });
});

/** A process that has been promised that nobody opens the file before it was asked. */
async function holdLease(file: string): Promise<ChildProcess> {
  const script = `
    import { openSync } from 'node:fs';
    import koffi from 'koffi';
    process.on('SIGIO', () => {});
    const [setLease, exclusive] = [1024, 1];
    const fcntl = koffi.load(null).func('int fcntl(int fd, int cmd, ...)');
    if (fcntl(openSync(process.argv[1], 'r+'), setLease, 'int', exclusive) !== 0) process.exit(1);
    process.stdout.write('held');
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script, file], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  return holder;
}
