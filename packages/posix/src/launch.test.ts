import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { stealDescriptor } from '../test/support/stolen-descriptor.ts';
import { launchGated } from './launch.ts';
import { isAlive } from './process-identity.ts';
import { hasProc, readProcess } from './process-table.ts';

const env = { PATH: '/usr/bin:/bin' };
let folder: string;
let logFile: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-launch-'));
  logFile = join(folder, 'log');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('runs nothing before the gate is open', async () => {
  const witness = join(folder, 'witness');
  const launched = await launchGated({ command: ['touch', witness], env, cwd: folder, logFile });
  await sleep(200);
  expect(existsSync(witness)).toBe(false);
  expect(await isAlive(launched.identity)).toBe(true);
  await launched.open();
  expect(await launched.exited).toEqual({ code: 0 });
  expect(existsSync(witness)).toBe(true);
});

it('leaves nothing when it is abandoned', async () => {
  const witness = join(folder, 'witness');
  const launched = await launchGated({ command: ['touch', witness], env, cwd: folder, logFile });
  await launched.abandon();
  expect(launched.exit).toEqual({ code: 125 });
  expect(await isAlive(launched.identity)).toBe(false);
  expect(existsSync(witness)).toBe(false);
});

it.each(['', 'not for me'])(
  'its gate is held open or written to (%j) by somebody else in vain',
  async (text) => {
    const command = ['sleep', '60'];
    const launched = await launchGated({ command, env, cwd: folder, logFile });
    const thief = await stealDescriptor(launched.identity.pid, 3, text);
    try {
      if (!thief) return expect(hasProc).toBe(true); // this machine protects its processes
      const before = descriptors();
      const opened = launched.open();
      if (text === '') {
        expect(await Promise.race([opened, sleep(300, 'waits')])).toBe('waits');
        process.kill(launched.identity.pid, 'SIGKILL');
      }
      await opened;
      expect(descriptors()).toBe(before - 1);
    } finally {
      thief?.kill('SIGKILL');
      if (await isAlive(launched.identity)) process.kill(launched.identity.pid, 'SIGKILL');
    }
  },
);

const descriptors = () => readdirSync('/proc/self/fd').length;

it('leaves nothing when the hub is killed before it opened the gate', async () => {
  const witness = join(folder, 'witness');
  const program = `
    import { launchGated } from ${JSON.stringify(new URL('./launch.ts', import.meta.url).href)};
    const { identity } = await launchGated(${JSON.stringify({ command: ['touch', witness], env, cwd: folder, logFile })});
    console.log(JSON.stringify(identity));
    setInterval(() => {}, 1000);`;
  const hub = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(hub.stdout, 'data');
  const identity = JSON.parse(String(line));
  expect(await isAlive(identity)).toBe(true);
  hub.kill('SIGKILL');
  await expect.poll(() => isAlive(identity)).toBe(false);
  expect(existsSync(witness)).toBe(false);
});

it('keeps its identity, session and group when the command takes the place of the gate (P302)', async () => {
  const launched = await launchGated({ command: ['sleep', '60'], env, cwd: folder, logFile });
  await launched.open();
  const { pid } = launched.identity;
  expect(await isAlive(launched.identity)).toBe(true);
  expect(await readProcess(pid)).toMatchObject({ group: pid, ...(hasProc && { session: pid }) });
  process.kill(pid, 'SIGTERM');
  expect(await launched.exited).toEqual({ code: -15, signal: 'SIGTERM' });
});

it('gives the environment as it is, nothing inherited, and no gate', async () => {
  const launched = await launchGated({
    command: ['sh', '-c', 'env; (: <&3) 2>/dev/null && echo open || echo closed'],
    env: { ...env, GREETING: 'two words\nand a line' },
    cwd: folder,
    logFile,
  });
  await launched.open();
  await launched.exited;
  const output = readFileSync(logFile, 'utf8');
  expect(output).toContain('GREETING=two words\nand a line');
  expect(output).not.toContain('HOME=');
  expect(output.trim().split('\n').at(-1)).toBe('closed'); // descriptor 3, the gate's
});

it('tells the exit code', async () => {
  const launched = await launchGated({ command: ['sh', '-c', 'exit 7'], env, cwd: folder, logFile });
  await launched.open();
  expect(await launched.exited).toEqual({ code: 7 });
  expect(launched.exit).toEqual({ code: 7 });
});

it('writes to a log only the hub reads, and keeps the one before', async () => {
  for (const word of ['one', 'two']) {
    const launched = await launchGated({
      command: ['sh', '-c', `echo ${word}; echo ${word} >&2`],
      env,
      cwd: folder,
      logFile,
    });
    await launched.open();
    await launched.exited;
  }
  expect(readFileSync(logFile, 'utf8')).toBe('two\ntwo\n');
  expect(readFileSync(`${logFile}.1`, 'utf8')).toBe('one\none\n');
  expect(statSync(logFile).mode & 0o777).toBe(0o600);
});

it('P307: names a missing command, one that cannot run, and a missing folder', async () => {
  const plain = join(folder, 'plain');
  writeFileSync(plain, '');
  chmodSync(plain, 0o644);
  const launch = (command: string, cwd = folder) => launchGated({ command: [command], env, cwd, logFile });
  await expect(launch('no-such-command')).rejects.toMatchObject({
    reason: 'command-missing',
    message: 'The command "no-such-command" is in none of the folders of PATH=/usr/bin:/bin.',
  });
  await expect(launch('./none')).rejects.toMatchObject({
    reason: 'command-missing',
    path: join(folder, 'none'),
  });
  await expect(launch('./plain')).rejects.toMatchObject({ reason: 'command-not-executable', path: plain });
  await expect(launch(folder)).rejects.toMatchObject({ reason: 'command-not-executable', path: folder });
  await expect(launch('true', '/no/such/folder')).rejects.toMatchObject({
    reason: 'folder-missing',
    path: '/no/such/folder',
  });
});

it('names what the system refuses', async () => {
  const huge = { ...env, HUGE: 'x'.repeat(4 << 20) };
  await expect(launchGated({ command: ['true'], env: huge, cwd: folder, logFile })).rejects.toMatchObject({
    reason: 'system',
  });
});

const root = it.skipIf(process.getuid?.() !== 0 || !hasProc); // only root may become another, and setpriv is Linux's

root('runs as another account with all its groups', async () => {
  // Whoever is a member of some group beside the own one shows whether such groups survive.
  const member = readFileSync('/etc/group', 'utf8').match(/^(?:[^:]*:){3}([^,:\n]+)/m)?.[1];
  const account = member ?? 'nobody';
  const id = (...flags: string[]) => execFileSync('id', [...flags, account], { encoding: 'utf8' });
  const launched = await launchGated({
    command: ['sh', '-c', 'id -u; id -G'],
    env,
    cwd: '/',
    logFile,
    as: { uid: Number(id('-u')), gid: Number(id('-g')) },
  });
  await launched.open();
  expect(await launched.exited).toEqual({ code: 0 });
  expect(readFileSync(logFile, 'utf8')).toBe(`${id('-u')}${id('-G')}`);
});
