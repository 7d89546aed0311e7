import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fakeLaunch } from '@hub/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalState } from '../src/index.ts';
import { type Driver, driver } from './driver.ts';

const node = [process.execPath, '-e'];
/** Listens where it is told, answers everything with its environment and folder. */
const answering = `
  const { hostname, port } = new URL(process.env.JUPYTERHUB_SERVICE_URL);
  require('node:http')
    .createServer((_, response) => response.end(JSON.stringify({ environment: process.env, folder: process.cwd() })))
    .listen(Number(port), hostname.replace(/[[\\]]/g, ''));`;

let folder: string;
const cleanUp: (() => Promise<void> | void)[] = [];

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'hub-local-test-')));
});
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
  rmSync(folder, { recursive: true });
});

describe('the account', () => {
  it('P240, P305: USER, HOME and SHELL are set last', async () => {
    const { said } = await started(
      { command: [...node, answering] },
      { USER: 'eve', HOME: '/eve', SHELL: '/eve' },
    );
    const { homedir, shell } = userInfo();
    expect(said.environment).toMatchObject({ USER: 'ada', HOME: homedir, SHELL: shell });
    expect(said.folder).toBe(realpathSync(homedir));
  });

  it('P309: a working directory of its own is made, for nobody else to read', async () => {
    const workingDirectory = `${folder}/homes/{username}`;
    const { said } = await started({ command: [...node, answering], workingDirectory });
    expect(said.folder).toBe(`${folder}/homes/ada`);
    expect(said.environment.HOME).toBe(`${folder}/homes/ada`);
    expect(statSync(said.folder).mode & 0o777).toBe(0o700);
  });

  it('keeps a user with a hostile name inside the template', async () => {
    const { spawner } = make({ command: ['true'], workingDirectory: `${folder}/homes/{username}` });
    const { launch } = fake();
    const user = { ...launch.user, name: '..', escapedName: '..' };
    await expect(spawner.start({ ...launch, user })).rejects.toMatchObject({ failure: 'exited' });
    expect(existsSync(`${folder}/homes/%2E%2E`)).toBe(true);
  });

  it('names a missing working directory that is nobody’s to make', async () => {
    const { spawner } = make({ command: ['true'], workingDirectory: `${folder}/none` });
    await expect(spawner.start(fake().launch)).rejects.toMatchObject({
      kind: 'spawn-failure',
      failure: 'system',
      message: expect.stringContaining(`${folder}/none`),
    });
  });
});

describe('a port', () => {
  it('that was taken meanwhile is exchanged for another one', async () => {
    const flag = join(folder, 'second');
    // The first time it finds "its" port taken, as in a race nobody can provoke.
    const racing = `
      const { existsSync, writeFileSync } = require('node:fs');
      if (!existsSync('${flag}')) {
        writeFileSync('${flag}', '');
        console.error('[Errno 98] Address already in use');
        process.exit(1);
      }${answering}`;
    const { made, said } = await started({ command: [...node, racing] });
    expect(said.environment.JUPYTERHUB_USER).toBe('ada');
    expect(made.events.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/was taken meanwhile/),
    );
    expect(made.exits).toEqual([]);
  });

  it('on which a stranger listens before the server does is exchanged as well', async () => {
    const stranger = createServer();
    cleanUp.push(() => void stranger.close());
    const { spawner } = make({ command: [...node, answering] });
    const made = fakeLaunch({
      witness: '',
      async beforeSave(state) {
        // Between the choice of the port and the opening of the gate.
        if (!stranger.listening)
          await once(stranger.listen((state as LocalState).port, '127.0.0.1'), 'listening');
      },
    });
    cleanUp.push(() => spawner.stop(made.running(), 'now'));
    const origin = await spawner.start(made.launch);
    expect(Number(new URL(origin).port)).toBe((made.state as LocalState).port);
    expect(stranger.address()).not.toMatchObject({ port: (made.state as LocalState).port });
    expect(await (await fetch(origin)).json()).toMatchObject({ environment: { JUPYTERHUB_USER: 'ada' } });
    expect(await spawner.list?.()).toEqual([made.launch.key]);
  });

  it('on which another program answers is given up: port-taken, and nothing is left', async () => {
    const other = createServer((_, response) => response.end('not yours')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    cleanUp.push(() => void other.close());
    const bound = other.address();
    const port = typeof bound === 'object' && bound ? bound.port : 0;
    const { spawner } = make({ command: ['sleep', '60'], port });
    const made = fake();
    await expect(spawner.start(made.launch)).rejects.toMatchObject({
      failure: 'port-taken',
      message: `Port ${port} is used by another program.`,
    });
    expect(await spawner.poll(made.running())).not.toBeNull();
    expect(await spawner.list?.()).toEqual([]);
  });

  it('may be bound later than half the start timeout, and is watched until then', async () => {
    const { spawner } = make({ command: ['sleep', '60'], startTimeout: 0.6 });
    const made = fake();
    const origin = await spawner.start(made.launch);
    expect(await spawner.poll(made.running())).toBeNull();
    // Now a stranger takes the port.
    const other = createServer().listen(Number(new URL(origin).port), '127.0.0.1');
    cleanUp.push(() => void other.close());
    expect(await made.exited).toMatchObject({ reason: expect.stringContaining('Another program answers') });
    await expect.poll(() => spawner.poll(made.running())).not.toBeNull();
  });

  const range = { from: 47_920, to: 47_940 };
  it.each([
    ['for all', range],
    ['of this launch', () => range],
  ])('comes from the range %s', async (_whose, portRange) => {
    const { origin } = await started({ command: [...node, answering], portRange });
    expect(Number(new URL(origin).port)).toBeGreaterThanOrEqual(47_920);
    expect(Number(new URL(origin).port)).toBeLessThanOrEqual(47_940);
  });

  it('P201, P307: at any address is reached by loopback, and IPv6 stands in brackets', async () => {
    const any = await started({ command: [...node, answering], ip: '0.0.0.0' });
    expect(any.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(any.said.environment.JUPYTERHUB_SERVICE_URL).toMatch(/^http:\/\/0\.0\.0\.0:/);
    const six = await started({ command: [...node, answering], ip: '::1' });
    expect(six.origin).toMatch(/^http:\/\/\[::1\]:\d+$/);
  });
});

describe('a start that fails', () => {
  it('tells the status of a server that ended at once', async () => {
    const { spawner } = make({ command: ['sh', '-c', 'echo oh no; exit 9'] });
    const made = fake();
    await expect(spawner.start(made.launch)).rejects.toMatchObject({
      kind: 'spawn-failure',
      failure: 'exited',
    });
    expect(made.exits).toEqual([{ code: 9 }]);
    expect(await spawner.poll(made.running())).toMatchObject({ code: 9 });
    expect(await spawner.logs?.(made.running(), 100)).toBe('oh no\n');
  });

  it('P307: names a file that cannot be run, and a script without its interpreter', async () => {
    const plain = join(folder, 'plain');
    writeFileSync(plain, '', { mode: 0o644 });
    await expect(make({ command: [plain] }).spawner.start(fake().launch)).rejects.toMatchObject({
      failure: 'command-not-found',
      message: `${plain} is not an executable file.`,
      hint: expect.any(String),
    });
    const script = join(folder, 'script');
    writeFileSync(script, '#!/no/such/interpreter\n', { mode: 0o755 });
    await expect(make({ command: [script] }).spawner.start(fake().launch)).rejects.toMatchObject({
      failure: 'command-not-found',
    });
  });
});

it('works out the command for each launch', async () => {
  const { said } = await started({ command: async () => [...node, answering] });
  expect(said.environment.JUPYTERHUB_USER).toBe('ada');
});

it('sees no servers of another hub or instance, and stops none of them', async () => {
  const mine = await started({ command: [...node, answering] });
  const other = make({ command: ['true'] });
  expect(await other.spawner.list?.()).toEqual([]);
  await other.spawner.stop(mine.made.running(null), 'now');
  expect(await mine.spawner.poll(mine.made.running())).toBeNull();
  expect(await mine.spawner.list?.()).toEqual([mine.made.launch.key]);
});

it('P256: a server outlives a hub that is killed, and the next hub finds it', async () => {
  const { dataFolder, spawner } = make({ command: [...node, answering] });
  const source = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const hub = spawn(
    process.execPath,
    [
      ...['--conditions=@hub/source', '--input-type=module', '-e'],
      `import { driver } from ${source('./driver.ts')};
       import { fakeLaunch } from '@hub/testing';
       const { spawner } = driver(${JSON.stringify({ command: [...node, answering] })}, ${JSON.stringify({ dataFolder })});
       const made = fakeLaunch({ witness: '' });
       await spawner.start(made.launch);
       const { signal, log, ...running } = made.running();
       console.log(JSON.stringify(running));
       setInterval(() => {}, 1000);`,
    ],
    { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = await once(hub.stdout, 'data');
  hub.kill('SIGKILL');
  await once(hub, 'exit');
  const server = { ...fake().running(), ...JSON.parse(String(line)) };
  cleanUp.push(() => spawner.stop(server, 'now'));
  expect(await spawner.poll(server)).toBeNull();
  expect(await spawner.list?.()).toEqual([server.key]);
  await spawner.stop(server, 'politely');
  expect(await spawner.poll(server)).toMatchObject({ code: 0 });
});

it('P306: does not mistake a later process with the same pid for the server', async () => {
  const { spawner, made } = await started({ command: [...node, answering] });
  const state = { ...(made.state as LocalState), startTime: '1' };
  const again = make({ command: ['true'] }).spawner;
  expect(await again.poll(made.running(state))).toMatchObject({ code: 0 });
  await again.stop(made.running(state), 'now');
  expect(await spawner.poll(made.running())).toBeNull();
});

it('keeps the log of a running server bounded, and removes it with the server', async () => {
  const chatty = `setInterval(() => console.log('x'.repeat(1000)), 1);${answering}`;
  const { spawner, made, dataFolder } = await started({ command: [...node, chatty], logSize: 10_000 });
  const { logFile } = made.state as LocalState;
  expect(logFile.startsWith(join(dataFolder, 'spawner-local', 'local'))).toBe(true);
  expect(statSync(logFile).mode & 0o777).toBe(0o600);
  await expect.poll(() => statSync(logFile).size, { timeout: 10_000 }).toBeGreaterThan(10_000);
  await spawner.poll(made.running());
  expect(readFileSync(`${logFile}.1`, 'utf8').length).toBeGreaterThan(10_000);
  await spawner.stop(made.running(), 'now');
  await spawner.deleteForever?.(made.running());
  expect(existsSync(logFile) || existsSync(`${logFile}.1`)).toBe(false);
});

describe('at start', () => {
  it('says that there is no isolation, as hub check does', async () => {
    expect(await make({}).spawner.checkConfig?.()).toEqual([expect.stringContaining('isolates nobody')]);
  });

  for (const bindUrl of [
    'http://0.0.0.0:8000',
    'http://[::]:8000',
    'https://10.1.2.3/hub/',
    'http://hub.example:80',
    'http://:8000',
  ]) {
    it(`refuses ${bindUrl} unless the operator knows`, async () => {
      await expect(make({}, { bindUrl }).begin()).rejects.toMatchObject({
        code: 'HUB_START_FAILED',
        hint: expect.stringContaining('iKnowUsersShareTheHubAccount: true'),
      });
      await make({ iKnowUsersShareTheHubAccount: true }, { bindUrl }).begin();
    });
  }

  for (const bindUrl of [
    'http://127.0.0.1:8000',
    'http://localhost',
    'http://[::1]:8000/pre/',
    'http://127.1.2.3:80',
  ]) {
    it(`accepts ${bindUrl}`, () => make({}, { bindUrl }).begin());
  }
});

function make(...options: Parameters<typeof driver>): Driver {
  const made = driver(...options);
  cleanUp.push(() => made.dispose());
  return made;
}

function fake(environment: Record<string, string> = {}): ReturnType<typeof fakeLaunch> {
  return fakeLaunch({ witness: '', environment });
}

async function started(options: Parameters<typeof driver>[0], environment?: Record<string, string>) {
  const { spawner, dataFolder } = make(options);
  const made = fake(environment);
  cleanUp.push(() => spawner.stop(made.running(), 'now'));
  const origin = await spawner.start(made.launch);
  const response = await fetch(origin);
  const said = (await response.json()) as { environment: Record<string, string>; folder: string };
  return { spawner, dataFolder, made, origin, said };
}
