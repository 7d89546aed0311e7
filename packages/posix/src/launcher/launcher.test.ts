import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { identify, isAlive, type ProcessIdentity } from '../process-identity.ts';
import { hasProc, readProcess } from '../process-table.ts';
import { createLauncher, type Launcher } from './launcher.ts';

const env = { PATH: '/usr/bin:/bin' };
let folder: string;
let logFile: string;
let launcher: Launcher;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-launcher-'));
  logFile = join(folder, 'log');
  launcher = createLauncher();
});
afterEach(() => {
  launcher.close();
  rmSync(folder, { recursive: true });
});

const inShell = (script: string) =>
  launcher.launch({ command: ['sh', '-c', script], env, cwd: folder, logFile });

async function launcherOf(identity: ProcessIdentity): Promise<number> {
  return (await readProcess(identity.pid))?.parent ?? 0;
}

async function untilGone(identity: ProcessIdentity): Promise<void> {
  while (await isAlive(identity)) await sleep(20);
}

it('runs nothing before the gate is open, and tells how it ended', async () => {
  const launched = await inShell('echo said; touch witness; exit 3');
  expect(await launcherOf(launched.identity)).not.toBe(process.pid);
  expect(existsSync(join(folder, 'witness'))).toBe(false);
  await launched.open();
  expect(await launched.exited).toEqual({ code: 3 });
  expect(launched.exit).toEqual({ code: 3 });
  expect(readFileSync(logFile, 'utf8')).toBe('said\n');
  expect(existsSync(join(folder, 'witness'))).toBe(true);
});

it('leaves nothing of what is abandoned', async () => {
  const launched = await inShell('touch witness');
  await launched.abandon();
  expect(launched.exit).toEqual({ code: 125 });
  expect(await isAlive(launched.identity)).toBe(false);
  expect(existsSync(join(folder, 'witness'))).toBe(false);
});

it('refuses in the words of a launch', async () => {
  const wrong = { env, cwd: folder, logFile };
  await expect(launcher.launch({ ...wrong, command: ['no-such-command'] })).rejects.toMatchObject({
    kind: 'launch-error',
    reason: 'command-missing',
  });
  await expect(launcher.launch({ ...wrong, command: ['true'], cwd: '/no/such' })).rejects.toMatchObject({
    kind: 'launch-error',
    reason: 'folder-missing',
    path: '/no/such',
  });
});

it('gives a process its own environment, and keeps none of ours', async () => {
  process.env.HUB_TEST_SECRET = 'of the hub';
  try {
    const launched = await inShell('env');
    const parent = await launcherOf(launched.identity);
    if (hasProc) expect(readFileSync(`/proc/${parent}/environ`, 'utf8')).not.toContain('of the hub');
    await launched.open();
    await launched.exited;
    expect(readFileSync(logFile, 'utf8')).not.toContain('of the hub');
  } finally {
    delete process.env.HUB_TEST_SECRET;
  }
});

it('that dies leaves what runs alone, keeps gates shut, and is replaced', async () => {
  const running = await inShell('read -r _ < fifo');
  const waiting = await inShell('touch witness');
  const go = spawn('mkfifo', ['fifo'], { cwd: folder });
  await once(go, 'exit');
  await running.open();
  process.kill(await launcherOf(running.identity), 'SIGKILL');
  await waiting.open();
  expect(await waiting.exited).toMatchObject({ code: 0, reason: expect.stringContaining('is gone') });
  expect(existsSync(join(folder, 'witness'))).toBe(false);

  expect(await isAlive(running.identity)).toBe(true);
  const next = await inShell('exit 4');
  await next.open();
  expect(await next.exited).toEqual({ code: 4 });
  process.kill(running.identity.pid, 'SIGKILL');
  expect(await running.exited).toMatchObject({ reason: expect.stringContaining('is gone') });
}, 30_000);

it('ends with a program that is killed: its open gates go on, its closed ones stay shut', async () => {
  const script = `
    import { createLauncher } from ${JSON.stringify(new URL('./launcher.ts', import.meta.url).href)};
    const launcher = createLauncher();
    const at = { env: ${JSON.stringify(env)}, cwd: ${JSON.stringify(folder)}, logFile: ${JSON.stringify(logFile)} };
    const open = await launcher.launch({ ...at, command: ['sleep', '60'] });
    const shut = await launcher.launch({ ...at, command: ['touch', 'witness'] });
    await open.open();
    console.log(JSON.stringify([open.identity.pid, shut.identity.pid]));
    setInterval(() => {}, 1000);
  `;
  const program = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: program.stdout }), 'line');
  const [open, shut] = await Promise.all((JSON.parse(line) as number[]).map(identify));
  if (!open || !shut) throw new Error('both wait or run');
  const parent = await identify(await launcherOf(open));
  program.kill('SIGKILL');
  await untilGone(shut);
  if (parent) await untilGone(parent);
  expect(await isAlive(open)).toBe(true);
  process.kill(open.pid, 'SIGKILL');
  expect(existsSync(join(folder, 'witness'))).toBe(false);
}, 30_000);
