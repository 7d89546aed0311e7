import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { machineReason, mayChangeMachine, run, TestMachine } from '../test/support/test-machine.ts';
import { type LaunchOptions, launchGated } from './launch.ts';
import { findByLaunchKey } from './launch-key.ts';
import { isAlive } from './process-identity.ts';
import { openingScript, type RunAs } from './run-as.ts';

it('the opening tells the gate nothing before its last character', () => {
  const script = openingScript('/a b', { A: "it's", 'NOT-FOR-SHELLS': 'x', UID: '1' }, 0o27);
  expect(script).toBe(
    "umask 0027\ncd -- '/a b' || exit 126\nunset OLDPWD\nunset PATH\nexport A='it'\\''s'\n#open",
  );
  expect(() => openingScript('/', { A: 'x\0y' })).toThrow('The variable A has a NUL in its value.');
});

describe('a launch under another account', () => {
  beforeEach(({ skip }) => skip(!mayChangeMachine, machineReason));

  let machine: TestMachine;
  let ada: string;
  let eve: RunAs;
  let group: string;
  let as: RunAs;
  let folder: string;
  let logFile: string;
  beforeAll(async () => {
    if (!mayChangeMachine) return;
    machine = await TestMachine.create();
    ada = await machine.user();
    group = await machine.group(ada);
    as = await accountOf(ada);
    eve = await accountOf(await machine.user());
  });
  afterAll(() => machine?.[Symbol.asyncDispose]());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hub-run-as-'));
    chmodSync(folder, 0o755);
    logFile = join(folder, 'log');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const env = { PATH: '/usr/bin:/bin', HOME: '/nowhere', GREETING: 'two\nlines, it\'s $HOME `id` "x"' };
  const launch = (more: Partial<LaunchOptions>) =>
    launchGated({ command: ['true'], env, cwd: '/', logFile, as, ...more });
  const said = async (script: string, more: Partial<LaunchOptions> = {}) => {
    const launched = await launch({ command: ['sh', '-c', script], ...more });
    await launched.open();
    expect(await launched.exited).toEqual({ code: 0 });
    return readFileSync(logFile, 'utf8').trimEnd();
  };

  it('P301: has the uid, gid and all groups of the account, its mask, and no capability', async () => {
    const home = join(folder, 'home');
    expect((await run('install', ['-d', '-m', '0700', '-o', ada, home])).status).toBe(0);
    const text = await said('id; umask; pwd; grep Cap /proc/self/status', {
      cwd: home,
      as: { ...as, umask: 0o077 },
    });
    const [ids, umask, cwd, ...capabilities] = text.split('\n');
    expect(`${ids}\n`).toBe((await run('id', [ada])).stdout);
    expect(ids).toContain(`(${group})`);
    expect([umask, cwd]).toEqual(['0077', home]);
    const held = capabilities.filter((line) => !line.startsWith('CapBnd'));
    expect(held.every((line) => /\t0+$/.test(line))).toBe(true);
  });

  it('P240: has the environment as it is and nothing else', async () => {
    const text = await said('env -0 | tr "\\0" "|"');
    const found = text.split('|').filter((line) => line && !/^(PWD|_|SHLVL)=/.test(line));
    expect(found.toSorted()).toEqual(
      Object.entries(env)
        .map(([name, value]) => `${name}=${value}`)
        .toSorted(),
    );
  });

  it('keeps the environment out of everybody’s sight and away from what runs as root', async () => {
    const command = ['sh', '-c', 'tr "\\0" " " < /proc/$$/cmdline'];
    const launched = await launch({
      command,
      env: { ...env, TOKEN: 'a-secret', LD_PRELOAD: '/no/such/library' },
    });
    const { pid } = launched.identity;
    await expect.poll(() => statSync(`/proc/${pid}`).uid).toBe(as.uid);
    const shown = ['environ', 'cmdline'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'utf8')).join();
    expect(shown).not.toMatch(/a-secret|LD_PRELOAD/);
    await launched.open();
    await launched.exited;
    // The loader complains once for each program that was given the variable: those of the account.
    const complaints = readFileSync(logFile, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('ERROR: ld.so'));
    expect(complaints).toHaveLength(2);
  });

  it('waits at the gate where it is found by its key, and ends there when it is abandoned', async () => {
    const witness = join(folder, 'witness');
    const key = `run-as-${process.pid}`;
    const marked = { ...env, HUB_LAUNCH_KEY: key, HUB_LAUNCH_OWNER: 'test' };
    const launched = await launch({ command: ['touch', witness], env: marked });
    await expect.poll(async () => (await findByLaunchKey(key, 'test', as.uid)).length).toBeGreaterThan(0);
    expect(await findByLaunchKey(key, 'test', eve.uid)).toEqual([]);
    await launched.abandon();
    expect(launched.exit).toEqual({ code: 125 });
    expect(await isAlive(launched.identity)).toBe(false);
    expect(statSync(witness, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('gives the log to the account, and the account no say over its name', async () => {
    chmodSync(folder, 0o711);
    const script = `cat ${logFile}; rm -f ${logFile} 2>/dev/null; ln -sf /etc/shadow ${logFile} 2>/dev/null; true`;
    expect(await said(script)).toBe('');
    expect(statSync(logFile)).toMatchObject({ uid: as.uid, gid: as.gid, mode: 0o100600 });
    const other = await launch({ command: ['cat', logFile], as: eve, logFile: join(folder, 'other') });
    await other.open();
    expect(await other.exited).toEqual({ code: 1 });
  });

  it('names a folder that is missing, one it may not enter, read or write', async () => {
    const closed = join(folder, 'closed');
    await run('install', ['-d', '-m', '0700', '-o', String(eve.uid), closed]);
    await expect(launch({ cwd: join(folder, 'none') })).rejects.toMatchObject({
      reason: 'folder-missing',
      message: `The folder ${folder}/none does not exist.`,
    });
    const named = { as: { ...as, name: ada } };
    await expect(launch({ cwd: closed, ...named })).rejects.toMatchObject({
      reason: 'folder-denied',
      message: `The account ${ada} may not enter the folder ${closed}, which belongs to uid ${eve.uid}.`,
    });
    chmodSync(closed, 0o711);
    await expect(launch({ cwd: closed })).rejects.toMatchObject({
      message: expect.stringContaining('may not read'),
    });
    chmodSync(closed, 0o755);
    await expect(launch({ cwd: closed, writableFolder: true })).rejects.toMatchObject({
      message: expect.stringContaining('may not write'),
    });
    expect(await said('pwd', { cwd: closed })).toBe(closed);
  });

  it('P301: goes up to a folder it can enter, or makes its own, where that is wanted', async () => {
    const deep = join(folder, 'not', 'there');
    expect(await said('pwd', { cwd: deep, missingFolder: 'fallback' })).toBe(folder);
    chmodSync(folder, 0o755);
    const made = join(folder, 'made');
    expect(
      await said('pwd; stat -c "%a %u" .', { cwd: made, missingFolder: 'create', writableFolder: true }),
    ).toBe(`${made}\n700 ${as.uid}`);
    // Below a folder of somebody else's root makes nothing.
    chownSync(made, eve.uid, eve.gid);
    chmodSync(made, 0o755);
    await expect(launch({ cwd: join(made, 'x'), missingFolder: 'create' })).rejects.toMatchObject({
      reason: 'folder-denied',
      message: expect.stringContaining(`belongs to uid ${eve.uid}`),
    });
  });

  it('P307: names a command the account may not run, though root may', async () => {
    const file = join(folder, 'program');
    writeFileSync(file, '#!/bin/sh\n', { mode: 0o700 });
    await expect(launch({ command: [file], as: { ...as, name: ada } })).rejects.toMatchObject({
      reason: 'command-not-executable',
      message: `${file} is no file that the account ${ada} may execute.`,
    });
    const closed = join(folder, 'closed');
    await run('install', ['-d', '-m', '0700', closed]);
    await run('cp', ['/bin/true', closed]);
    await expect(launch({ command: [`${closed}/true`] })).rejects.toMatchObject({
      reason: 'command-not-executable',
      message: expect.stringContaining(`may not reach the command ${closed}/true`),
    });
    await expect(launch({ command: ['/no/such/command'] })).rejects.toMatchObject({
      reason: 'command-missing',
    });
    await expect(launch({ command: ['no-such-command'] })).rejects.toMatchObject({
      reason: 'command-missing',
      message: expect.stringContaining('PATH=/usr/bin:/bin'),
    });
  });

  it('says that the account can start no process more', async () => {
    await expect(launch({ as: { ...as, mostProcesses: 0 } })).rejects.toMatchObject({
      reason: 'processes',
      message: expect.stringContaining(`The account uid ${as.uid} can have no more processes`),
    });
  });
});

async function accountOf(name: string): Promise<RunAs> {
  const id = async (flag: string) => Number((await run('id', [flag, name])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}
