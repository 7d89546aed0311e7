import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type GatedProcess, launchGated } from './launch.ts';
import { findByLaunchKey, launchedProcesses, launchKeysOf } from './launch-key.ts';
import { identify, isAlive } from './process-identity.ts';
import { hasProc } from './process-table.ts';
import { stopProcesses } from './stop-processes.ts';

const owner = `test-${process.pid}`;
const timeouts = { interrupt: 0.5, term: 0.5, kill: 5 };
const linux = it.skipIf(!hasProc); // processes are found by their environment in /proc
let folder: string;
let key = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-stop-'));
  key += 1;
});
afterEach(async () => {
  await stopProcesses({ identity: null, launchKey: String(key), owner, now: true, timeouts });
  rmSync(folder, { recursive: true });
});

it('P304: asks politely and waits until it is gone', async () => {
  const launched = await launch(
    'trap "echo INT; exit 0" INT; trap "echo TERM; exit 0" TERM; echo up; while :; do sleep 0.05; done',
  );
  await stop(launched);
  expect(log()).toBe('up\nINT\n');
  expect(await isAlive(launched.identity)).toBe(false);
});

it('P304: begins with SIGTERM when it must be now', async () => {
  const launched = await launch(
    'trap "echo INT; exit 0" INT; trap "echo TERM; exit 0" TERM; echo up; while :; do sleep 0.05; done',
  );
  await stop(launched, { now: true });
  expect(log()).toMatch(/^up\n(Terminated\n)?TERM\n$/); // the shell tells of its child;
});

it('P304: kills what does not listen', async () => {
  const launched = await launch('trap "" INT TERM; echo up; while :; do sleep 0.05; done');
  const start = performance.now();
  await stop(launched);
  expect(performance.now() - start).toBeGreaterThanOrEqual(1000);
  expect((await launched.exited).signal).toBe('SIGKILL');
});

it('P303: ends the children of a wrapper, too', async () => {
  const launched = await launch('sleep 61 & sleep 62 & echo up; wait');
  await stop(launched);
  expect(await findByLaunchKey(String(key), owner)).toEqual([]);
});

linux('ends what left the session but carries the key', async () => {
  const launched = await launch('setsid sleep 61 & echo up; wait');
  await expect.poll(async () => (await findByLaunchKey(String(key), owner)).length).toBeGreaterThan(1);
  await stop(launched);
  expect(await findByLaunchKey(String(key), owner)).toEqual([]);
});

linux('ends a child that left the session and dropped its environment', async () => {
  const launched = await launch(
    `sh -c 'echo $$ > ${folder}/pid; exec env -i setsid -w sleep 61' & sleep 0.3; echo up; wait`,
  );
  await stop(launched);
  const pid = Number(readFileSync(`${folder}/pid`, 'utf8'));
  expect(await identify(pid)).toBeNull();
});

linux('ends what was born while it stopped', async () => {
  const launched = await launch('trap "setsid sleep 61 & exit 0" INT; echo up; while :; do sleep 0.05; done');
  await stop(launched);
  expect(await findByLaunchKey(String(key), owner)).toEqual([]);
});

linux('ends what a dead process left behind', async () => {
  const launched = await launch('trap "" INT; sleep 61 & echo up');
  await launched.exited;
  expect(await findByLaunchKey(String(key), owner)).toHaveLength(1);
  await stop(launched);
  expect(await findByLaunchKey(String(key), owner)).toEqual([]);
});

linux('finds a launch by its key alone, and only its own', async () => {
  const launched = await launch('echo up; sleep 61');
  expect(await launchKeysOf(owner)).toEqual([String(key)]);
  expect(await launchKeysOf('somebody else')).toEqual([]);
  await stopProcesses({ identity: null, launchKey: String(key), owner: 'somebody else', timeouts });
  expect(await isAlive(launched.identity)).toBe(true);
  await stopProcesses({ identity: null, launchKey: String(key), owner, timeouts });
  expect(await isAlive(launched.identity)).toBe(false);
});

it('is done at once with what is already gone', async () => {
  const launched = await launch('echo up');
  await launched.exited;
  await stop(launched);
  expect(launched.exit).toEqual({ code: 0 });
});

it('leaves a stranger with the same pid alone', async () => {
  const launched = await launch('echo up; sleep 61');
  const stranger = { ...launched.identity, startTime: '1' };
  await stopProcesses({ identity: stranger, launchKey: 'another', owner, timeouts });
  expect(await isAlive(launched.identity)).toBe(true);
});

it('stops waiting when it is told to', async () => {
  const launched = await launch('trap "" INT; echo up; while :; do sleep 0.05; done');
  const reason = new Error('enough');
  const signal = AbortSignal.timeout(100);
  await expect(stop(launched, { signal, timeouts: {} })).rejects.toThrow('aborted due to timeout');
  await expect(stop(launched, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(await isAlive(launched.identity)).toBe(true);
});

linux('answers a thousand questions with a few looks', async () => {
  const start = performance.now();
  await launchedProcesses();
  const one = performance.now() - start;
  const again = performance.now();
  await Promise.all(Array.from({ length: 1000 }, () => findByLaunchKey('none')));
  expect(performance.now() - again).toBeLessThan(one * 10 + 200);
});

function log(): string {
  return readFileSync(join(folder, 'log'), 'utf8');
}

async function launch(script: string): Promise<GatedProcess> {
  const launched = await launchGated({
    command: ['sh', '-c', script],
    env: { PATH: '/usr/bin:/bin', HUB_LAUNCH_KEY: String(key), HUB_LAUNCH_OWNER: owner },
    cwd: folder,
    logFile: join(folder, 'log'),
  });
  await launched.open();
  await expect.poll(log, { timeout: 5000 }).toContain('up');
  return launched;
}

function stop(
  { identity }: GatedProcess,
  more: Partial<Parameters<typeof stopProcesses>[0]> = {},
): Promise<void> {
  return stopProcesses({ identity, launchKey: String(key), owner, timeouts, ...more });
}
