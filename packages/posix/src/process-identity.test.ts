import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { bootId, identify, isAlive } from './process-identity.ts';
import { askPs, fromProc, hasProc, readProcess } from './process-table.ts';

const linux = it.skipIf(!hasProc); // these read /proc

it('P306: knows a running process from a later one with the same pid', async () => {
  const identity = await identify(process.pid);
  expect(identity).toMatchObject({ pid: process.pid, bootId: await bootId() });
  expect(await isAlive(identity!)).toBe(true);
  expect(await isAlive({ ...identity!, startTime: '1' })).toBe(false);
});

it('calls what ran before the machine was restarted dead', async () => {
  const identity = await identify(process.pid);
  expect(await isAlive({ ...identity!, bootId: 'another' })).toBe(false);
});

linux('calls a zombie dead', async () => {
  // The shell's child ends soon, and the sleep that takes the shell's place, never collects it.
  const parent = spawn('/bin/sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [text] = await once(parent.stdout, 'data');
    const pid = Number(String(text));
    await expect.poll(() => fromProc(pid)?.zombie).toBe(true);
    expect(await identify(pid)).toBeNull();
    const info = fromProc(pid);
    expect(await isAlive({ pid, startTime: info!.startTime, bootId: await bootId() })).toBe(false);
  } finally {
    parent.kill('SIGKILL');
  }
});

linux('calls a process alive whose first thread has ended and whose others have not', async () => {
  const program = [
    'import ctypes, threading, time',
    'threading.Thread(target=time.sleep, args=(60,)).start()',
    'print(flush=True)',
    'ctypes.CDLL(None).pthread_exit(None)',
  ].join('\n');
  const child = spawn('python3', ['-c', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(child.stdout, 'data');
    const stat = () => readFileSync(`/proc/${child.pid}/stat`, 'latin1');
    await expect.poll(stat).toContain(') Z ');
    expect(await identify(child.pid!)).not.toBeNull();
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  expect(fromProc(child.pid!)).toBeNull();
});

linux('reads a process whose name holds blanks and parentheses', async () => {
  const child = spawn(
    '/bin/sh',
    ['-c', 'printf "a) S 1 (b" > /proc/self/comm; echo; exec 0<&1; read -r _ <&2'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  try {
    await once(child.stdout, 'data');
    expect(await readProcess(child.pid!)).toMatchObject({ parent: process.pid, zombie: false });
  } finally {
    child.kill('SIGKILL');
  }
});

it('asks ps where there is no /proc', async () => {
  const [mine] = await askPs(['-p', String(process.pid)]);
  expect(mine).toMatchObject({ pid: process.pid, parent: process.ppid, zombie: false });
  expect(Date.parse(mine!.startTime)).toBeGreaterThan(Date.now() - 86_400_000);
  expect(await askPs(['-p', '4194303'])).toEqual([]);
});
