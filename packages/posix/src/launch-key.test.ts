import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { environmentsFromPs, findByLaunchKey, launchedProcesses, launchKeysOf } from './launch-key.ts';

it('finds a process by the key in its environment, by /proc and by ps', async () => {
  const key = `launch-key-${process.pid}`;
  const env = {
    PATH: '/usr/bin:/bin',
    NOT_HUB_LAUNCH_KEY: 'wrong',
    HUB_LAUNCH_KEY: key,
    HUB_LAUNCH_OWNER: 'me',
  };
  const child = spawn('sleep', ['60'], { env });
  try {
    await expect.poll(() => findByLaunchKey(key, 'me')).toHaveLength(1);
    expect(await findByLaunchKey(key, 'you')).toEqual([]);
    const [found] = await findByLaunchKey(key);
    expect(found).toMatchObject({ key, owner: 'me', identity: { pid: child.pid } });

    const variables = await (await environmentsFromPs())(child.pid!);
    expect(variables?.('HUB_LAUNCH_KEY')).toBe(key);
    expect(variables?.('HUB_LAUNCH_OWNER')).toBe('me');
    expect(variables?.('HUB_LAUNCH')).toBeUndefined();
  } finally {
    child.kill('SIGKILL');
  }
});

it('takes no word of any length for a key', async ({ skip }) => {
  skip(process.platform !== 'linux', 'only on Linux: /proc');
  const env = { HUB_LAUNCH_OWNER: `long-${process.pid}`, HUB_LAUNCH_KEY: 'k'.repeat(100_000) };
  const child = spawn('/bin/sleep', ['60'], { env });
  try {
    await expect.poll(() => readFileSync(`/proc/${child.pid}/environ`, 'utf8')).toContain('kkk');
    expect(await launchKeysOf(env.HUB_LAUNCH_OWNER)).toEqual([]);
  } finally {
    child.kill('SIGKILL');
  }
});

it('reads no more of an environment than programs begin with, whatever a process calls its own', async ({
  skip,
}) => {
  skip(process.platform !== 'linux', 'only on Linux: /proc');
  const bytes = 1 << 30;
  const child = await boast(bytes);
  if (!child) return skip('not supported: this kernel lets no process move its environment');
  try {
    const before = process.memoryUsage().rss;
    await launchedProcesses();
    expect(process.memoryUsage().rss - before).toBeLessThan(bytes / 4);
  } finally {
    child.kill('SIGKILL');
  }
});

/** A process that says of so many bytes of its memory that they are its environment (`PR_SET_MM_MAP`). */
async function boast(bytes: number): Promise<ChildProcess | null> {
  const script = `
    import { readFileSync } from 'node:fs';
    import koffi from 'koffi';
    const libc = koffi.load(null);
    const mmap = libc.func('int64 mmap(int64, size_t, int, int, int, long)');
    const prctl = libc.func('int prctl(int, ulong, void *, ulong, ulong)');
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const field = (n) => stat.slice(stat.lastIndexOf(')') + 2).split(' ')[n - 3];
    const [readable, ownUnreserved] = [3, 0x4022];
    const memory = BigInt(mmap(0, ${bytes}, readable, ownUnreserved, -1, 0));
    const brk = field(47);
    const map = [26, 27, 45, 46].map(field).concat(brk, brk, field(28), field(48), field(49));
    const words = [...map, memory, memory + ${bytes}n, 0, 0xffffffff00000000n].map(BigInt);
    const failed = prctl(35, 14, Buffer.from(BigUint64Array.from(words).buffer), 104, 0);
    process.stdout.write(failed ? 'refused' : 'done');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await once(child.stdout, 'data');
  if (String(said) === 'done') return child;
  child.kill('SIGKILL');
  return null;
}
