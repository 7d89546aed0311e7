import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAlive } from '@hub/posix';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ProxyRecord } from './state-folder.ts';
import { newPlace, type Place, type TestHub, type TestOptions, testHub } from './test-context.ts';

let place: Place;
let hubs: TestHub[];
beforeEach(async () => {
  place = await newPlace();
  hubs = [];
});
afterEach(async () => {
  vi.unstubAllEnvs(); // a test that failed in between must not lend the next one its token
  for (const hub of hubs) await hub.stop().catch(() => undefined); // some of them stopped, or never started
  await place.remove();
});

const newHub = (options: TestOptions = {}, at: Place = place): TestHub => {
  const hub = testHub(at, options);
  hubs.push(hub);
  return hub;
};
const started = async (options: TestOptions = {}, at: Place = place): Promise<TestHub> => {
  const hub = newHub(options, at);
  await hub.start();
  return hub;
};
const record = async (): Promise<ProxyRecord> =>
  JSON.parse(await readFile(join(place.folder, 'proxy.json'), 'utf8')) as ProxyRecord;
const pid = async (): Promise<number> => (await record()).process.pid;
const messages = (hub: TestHub) => hub.lines.map(({ message }) => message);
const ada = { spec: '/user/ada/', target: 'http://127.0.0.1:9', data: { user: 'ada' } };
const health = async () => (await fetch(`${place.publicUrl}/_chp_healthz`)).status;

describe('a started proxy', () => {
  it('answers on both ports and has a session of its own', async () => {
    const hub = await started();
    await hub.proxy.checkRunning?.();
    expect(await health()).toBe(200);
    const fields = (await readFile(`/proc/${await pid()}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
    expect(Number(fields[3])).toBe(await pid());
  });

  it('has its token in the environment and a 0600 file, never on the command line or in a log', async () => {
    vi.stubEnv('DATABASE_URL', 'postgres://secret');
    vi.stubEnv('CONFIGPROXY_AUTH_TOKEN', undefined);
    const hub = await started();
    vi.unstubAllEnvs();
    const { api, process: identity } = await record();
    expect(api.token).toMatch(/^[0-9a-f]{64}$/);
    const proc = (name: string) => readFile(`/proc/${identity.pid}/${name}`, 'utf8');
    expect(await proc('cmdline')).not.toContain(api.token);
    expect(await proc('environ')).toContain(`CONFIGPROXY_AUTH_TOKEN=${api.token}`);
    expect(await proc('environ')).not.toContain('DATABASE_URL');
    expect(JSON.stringify(hub.lines)).not.toContain(api.token);
    for (const name of ['proxy.json', 'proxy.log']) {
      expect((await stat(join(place.folder, name))).mode & 0o777).toBe(0o600);
    }
    expect((await stat(place.folder)).mode & 0o777).toBe(0o700);
    expect(await readFile(join(place.folder, 'proxy.log'), 'utf8')).not.toContain(api.token);
  });

  it('takes its token from the option or the environment', async () => {
    vi.stubEnv('CONFIGPROXY_AUTH_TOKEN', 'from-environment');
    const hub = await started();
    expect((await record()).api.token).toBe('from-environment');
    await hub.stop();
    await started({ authToken: 'from-option' });
    vi.unstubAllEnvs();
    expect((await record()).api.token).toBe('from-option');
  });

  it('takes its token from a file that is out of reach of others, and says what does not count', async () => {
    const authTokenFile = join(place.hubInfo.dataFolder, 'token');
    await writeFile(authTokenFile, 'from-file\n', { mode: 0o640 });
    expect(() => newHub({ authTokenFile })).toThrowError(
      expect.objectContaining({ code: 'HUB_START_FAILED', hint: `chmod 600 '${authTokenFile}'` }),
    );
    await chmod(authTokenFile, 0o600);
    const hub = await started({ authTokenFile });
    expect((await record()).api.token).toBe('from-file');
    await hub.stop();
    vi.stubEnv('CONFIGPROXY_AUTH_TOKEN', 'from-environment');
    const conflicting = newHub({ authToken: 'from-option' });
    vi.unstubAllEnvs();
    expect(conflicting.lines).toEqual([
      expect.objectContaining({
        level: 'warn',
        message:
          'The token of the proxy: `authToken` counts; CONFIGPROXY_AUTH_TOKEN says something else and is ignored.',
      }),
    ]);
  });

  it('is given its token where hubs share a database: there none is made (design 5a)', () => {
    const shared = { ...place, hubInfo: { ...place.hubInfo, mayMakeSecrets: false } };
    expect(() => newHub({}, shared)).toThrowError(
      expect.objectContaining({ hint: expect.stringContaining('CONFIGPROXY_AUTH_TOKEN') }),
    );
    expect(() => newHub({ authToken: 'given' }, shared)).not.toThrow();
  });

  it('refuses who has no token', async () => {
    await started();
    expect((await fetch(`${(await record()).api.url}/api/routes`)).status).toBe(403);
  });

  it('works over Unix sockets', async () => {
    const socket = (name: string) =>
      `http+unix://${encodeURIComponent(join(place.hubInfo.dataFolder, name))}`;
    const onSockets = { ...place, hubInfo: { ...place.hubInfo, bindUrl: socket('public') } };
    const hub = await started({ apiUrl: socket('api') }, onSockets);
    await hub.proxy.addRoute(ada);
    expect((await hub.proxy.routes()).get(ada.spec)).toMatchObject(ada);
    process.kill(await pid(), 'SIGKILL'); // which leaves the files of its sockets behind
    await vi.waitFor(
      () => expect(messages(hub).filter((line) => line === 'proxy started')).toHaveLength(2),
      10_000,
    );
    expect((await hub.proxy.routes()).size).toBe(0);
  });

  it('routes by host', async () => {
    const hub = await started({ hostRouting: true });
    const target = createServer((socket) => {
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nada');
    });
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
    const { port } = target.address() as { port: number };
    const route = { spec: 'localhost/user/ada/', target: `http://127.0.0.1:${port}`, data: { user: 'ada' } };
    await hub.proxy.addRoute(route);
    expect((await hub.proxy.routes()).get(route.spec)?.data).toMatchObject({ user: 'ada' });
    expect((await hub.proxy.routes()).get(route.spec)?.data).not.toHaveProperty('host');
    const at = place.publicUrl.replace('127.0.0.1', 'localhost');
    expect(await (await fetch(`${at}/user/ada/`)).text()).toBe('ada');
    expect((await fetch(`${place.publicUrl}/user/ada/`)).status).toBe(404);
    target.close();
  });
});

describe('a proxy that dies', () => {
  it('is back at once after kill -9, and says that its routes are gone', async () => {
    const hub = await started({ checkInterval: 60 });
    const onReset = vi.fn();
    hub.proxy.watch?.(onReset);
    await hub.proxy.addRoute(ada);
    const first = await pid();
    process.kill(first, 'SIGKILL');
    await vi.waitFor(() => expect(onReset).toHaveBeenCalledOnce(), { timeout: 10_000, interval: 5 });
    expect(await pid()).not.toBe(first);
    expect(await health()).toBe(200);
    expect((await hub.proxy.routes()).size).toBe(0);
    expect(messages(hub)).toEqual(['proxy started', 'the proxy ended', 'proxy started']);
  });

  it('keeps calls waiting until it is back', async () => {
    const hub = await started();
    process.kill(await pid(), 'SIGKILL');
    await hub.proxy.addRoute(ada);
    expect([...(await hub.proxy.routes()).keys()]).toEqual([ada.spec]);
  });

  it('that dies again and again is restarted more slowly', async () => {
    const hub = await started();
    const onReset = vi.fn();
    hub.proxy.watch?.(onReset);
    process.kill(await pid(), 'SIGKILL');
    await vi.waitFor(() => expect(onReset).toHaveBeenCalledTimes(1), 10_000);
    const since = performance.now();
    process.kill(await pid(), 'SIGKILL');
    await vi.waitFor(() => expect(onReset).toHaveBeenCalledTimes(2), 10_000);
    expect(performance.now() - since).toBeGreaterThan(490);
  });

  it('is noticed by a hub that joined it, and started by one of them only', async () => {
    const [one, two] = [await started(), await started()];
    const resets = [vi.fn(), vi.fn()];
    one.proxy.watch?.(resets[0] as () => void);
    two.proxy.watch?.(resets[1] as () => void);
    process.kill(await pid(), 'SIGKILL');
    await vi.waitFor(() => expect(resets.map((reset) => reset.mock.calls.length)).toEqual([1, 1]), 10_000);
    const starts = [...messages(one), ...messages(two)].filter((message) => message === 'proxy started');
    expect(starts).toHaveLength(2); // the first, and the one after the kill
    await two.proxy.addRoute(ada);
    expect((await one.proxy.routes()).has(ada.spec)).toBe(true);
  });
});

describe('a hub that ends', () => {
  it('stops the proxy', async () => {
    const hub = await started();
    const { process: identity } = await record();
    await hub.stop();
    expect(await isAlive(identity)).toBe(false);
    expect(await readdir(place.folder)).not.toContain('proxy.json');
    await expect(health()).rejects.toThrow();
  });

  it('leaves it to the next one if told so, routes and token included (not as P423)', async () => {
    const hub = await started();
    await hub.proxy.addRoute(ada);
    const before = await record();
    await hub.stop({ keepProxy: true });
    expect(await health()).toBe(200);
    const next = await started();
    expect(await record()).toEqual(before);
    expect((await next.proxy.routes()).get(ada.spec)).toMatchObject(ada);
    expect(messages(next)).toEqual(['joined the running proxy']);
  });

  it('leaves it while another hub uses it; the last one stops it', async () => {
    const [one, two] = [await started(), await started()];
    const { process: identity } = await record();
    await one.stop();
    expect(messages(one)).toContain('the proxy stays for another hub');
    await two.proxy.checkRunning?.();
    await two.stop();
    expect(await isAlive(identity)).toBe(false);
  });

  it('by kill -9 leaves a proxy that the next one joins', async () => {
    const script = fileURLToPath(new URL('test-owner.ts', import.meta.url));
    const port = new URL(place.publicUrl).port;
    const args = ['--conditions=@hub/source', script, place.hubInfo.dataFolder, port];
    const owner = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(owner.stdout, 'data');
    const before = await record();
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    expect(await isAlive(before.process)).toBe(true);

    const hub = await started();
    expect(await record()).toEqual(before);
    expect((await hub.proxy.routes()).get(ada.spec)).toMatchObject(ada);
    expect(await readdir(join(place.folder, 'hubs'))).toHaveLength(2);
    await hub.stop(); // the file of the killed hub does not keep it
    expect(await isAlive(before.process)).toBe(false);
  });
});

describe('several starts', () => {
  it('at the same time make one proxy', async () => {
    const many = Array.from({ length: 4 }, () => newHub());
    await Promise.all(many.map((hub) => hub.start()));
    const all = many.flatMap(messages).toSorted();
    expect(all).toEqual([...Array(3).fill('joined the running proxy'), 'proxy started']);
  });

  it('with other settings replace what an earlier hub left, and say so', async () => {
    const hub = await started();
    const { process: before } = await record();
    await hub.stop({ keepProxy: true });
    const next = await started({ errorTarget: 'http://127.0.0.1:9/error' });
    expect(await isAlive(before)).toBe(false);
    expect(next.lines[0]).toMatchObject({
      level: 'warn',
      message: 'the proxy of an earlier hub is replaced',
      fields: { difference: expect.stringContaining('--error-target') },
    });
    const later = await newPlace();
    await next.stop({ keepProxy: true });
    const moved = { ...later, hubInfo: { ...later.hubInfo, dataFolder: place.hubInfo.dataFolder } };
    const third = await started({}, moved);
    expect((await fetch(`${later.publicUrl}/_chp_healthz`)).status).toBe(200);
    await expect(health()).rejects.toThrow();
    await third.stop();
    await later.remove();
  });

  it('do not replace a proxy over a mere log level, nor one that another hub uses', async () => {
    await started();
    const { process: before } = await record();
    const quiet = await started({ logLevel: 'error' });
    const other = await started({ proxyTimeout: 10 });
    expect((await record()).process).toEqual(before);
    expect(messages(quiet)).toEqual(['joined the running proxy']);
    expect(messages(other)).toEqual(['another hub uses the proxy with other settings; joined as it is']);
  });

  it('with another token replace it: the old token opens nothing more (rotation)', async () => {
    const hub = await started({ authToken: 'old' });
    const { process: before, api } = await record();
    await hub.stop({ keepProxy: true });
    const next = await started({ authToken: 'new' });
    expect(await isAlive(before)).toBe(false);
    expect(next.lines[0]).toMatchObject({
      message: 'the proxy of an earlier hub is replaced',
      fields: { difference: 'token' },
    });
    const { url } = (await record()).api;
    const ask = (token: string) =>
      fetch(`${url}/api/routes`, { headers: { authorization: `token ${token}` } });
    expect((await ask(api.token)).status).toBe(403);
    expect((await ask('new')).status).toBe(200);
    await next.proxy.addRoute(ada);
    expect((await next.proxy.routes()).has(ada.spec)).toBe(true);
  });

  it('with another token join a proxy that another hub uses by the old one, until that hub is gone', async () => {
    const first = await started({ authToken: 'old' });
    const { process: before } = await record();
    const next = await started({ authToken: 'new' });
    expect(next.lines[0]).toMatchObject({ level: 'warn', fields: { difference: 'token' } });
    await next.proxy.addRoute(ada);
    expect((await first.proxy.routes()).has(ada.spec)).toBe(true);
    expect((await record()).process).toEqual(before);
    await first.stop();
    await next.stop();
    await started({ authToken: 'new' });
    expect((await record()).api.token).toBe('new');
  });

  it('with another address of the API replace it too', async () => {
    const hub = await started();
    const { process: before } = await record();
    await hub.stop({ keepProxy: true });
    const apiUrl = `http+unix://${encodeURIComponent(join(place.hubInfo.dataFolder, 'api'))}`;
    const next = await started({ apiUrl });
    expect(await isAlive(before)).toBe(false);
    await next.stop({ keepProxy: true });
    expect(messages(await started({ apiUrl }))).toEqual(['joined the running proxy']);
  });

  it('never touch a stranger who was given the pid of a dead proxy', async () => {
    const hub = await started();
    const old = await record();
    await hub.stop();
    const stranger = spawn('sleep', ['60']);
    const identity = { ...old.process, pid: stranger.pid };
    await writeFile(join(place.folder, 'proxy.json'), JSON.stringify({ ...old, process: identity }));
    const next = await started();
    await next.stop();
    expect(stranger.exitCode).toBeNull();
    expect(stranger.signalCode).toBeNull();
    stranger.kill();
  });

  it('go on after a starter was killed with the lock in its hand', async () => {
    const first = await started();
    const { process: identity } = await record();
    await first.stop();
    await writeFile(join(place.folder, 'lock'), JSON.stringify(identity));
    await started();
    expect(await health()).toBe(200);
  });
});

describe('a start that cannot succeed', () => {
  const takePort = async (port: number) => {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server;
  };

  it('names the taken public port, who has it, and the way out', async () => {
    const { port } = new URL(place.publicUrl);
    const server = await takePort(Number(port));
    await expect(newHub().start()).rejects.toMatchObject({
      code: 'HUB_START_FAILED',
      message: expect.stringMatching(new RegExp(`port ${port}: .+ \\(pid ${process.pid}\\) has it`)),
      hint: expect.stringContaining('another port'),
    });
    server.close();
    expect(await readdir(place.folder)).toEqual(['hubs']);
  });

  it('names the taken port of the API', async () => {
    const server = await takePort(0);
    const { port } = server.address() as { port: number };
    await expect(newHub({ apiUrl: `http://127.0.0.1:${port}` }).start()).rejects.toThrow(
      `the API of the proxy cannot listen on 127.0.0.1, port ${port}`,
    );
    server.close();
  });

  it('sees a port taken at the last moment, of which CHP only tells its log', async () => {
    const { port } = new URL(place.publicUrl);
    const late = `console.log('error: Uncaught Exception: listen EADDRINUSE: address already in use 127.0.0.1:${port}');
      setInterval(() => {}, 1000)`;
    await expect(newHub({ command: [process.execPath, '-e', late, '--'] }).start()).rejects.toThrow(
      `the proxy cannot listen on 127.0.0.1, port ${port}`,
    );
  });

  it('tells the status and the log of a proxy that ends at once', async () => {
    await expect(newHub({ flags: ['--no-such-flag'] }).start()).rejects.toMatchObject({
      code: 'HUB_START_FAILED',
      message: 'the proxy ended at once with status 1',
      cause: { message: expect.stringContaining('no-such-flag') },
    });
    expect(await readdir(place.folder)).not.toContain('proxy.json');
  });

  it('refuses settings that do not fit together, before anything starts', () => {
    const https = { ...place, hubInfo: { ...place.hubInfo, bindUrl: 'https://127.0.0.1:8443' } };
    expect(() => newHub({}, https)).toThrow('no certificate');
    expect(() => newHub({ sslKey: '/key.pem' })).toThrow('sslCert');
    expect(() => newHub({ apiUrl: 'nonsense' })).toThrow('no http address');
  });
});

describe('a proxy that is only joined (P428)', () => {
  const joinTo = async (more: TestOptions = {}): Promise<TestOptions> => {
    const { api } = await record();
    return { shouldStart: false, apiUrl: api.url, authToken: api.token, ...more };
  };

  it('is used and left running', async () => {
    const hub = await started();
    const guest = await started(await joinTo());
    await guest.proxy.addRoute(ada);
    await guest.stop();
    expect((await hub.proxy.routes()).has(ada.spec)).toBe(true);
  });

  it('must answer, and take the token', async () => {
    const hub = await started();
    await expect(newHub(await joinTo({ authToken: 'wrong' })).start()).rejects.toMatchObject({
      code: 'HUB_PROXY_UNAVAILABLE',
      hint: expect.stringContaining('authToken'),
    });
    const options = await joinTo();
    await hub.stop();
    await expect(newHub(options).start()).rejects.toThrow('does not answer');
    expect(() => newHub({ shouldStart: false })).toThrow('token of the proxy is not known');
  });

  it('says that its routes may be gone when it comes back', async () => {
    // Bound twice: a port of the kernel's own choice may belong to somebody's connection the second time.
    const apiUrl = `http://127.0.0.1:${await quietPort()}`;
    const hub = await started({ authToken: 'shared', apiUrl });
    const guest = await started(await joinTo());
    const onReset = vi.fn();
    guest.proxy.watch?.(onReset);
    await hub.stop();
    const waiting = guest.proxy.routes();
    waiting.catch(() => undefined); // looked at below, unless the next line fails first
    await started({ authToken: 'shared', apiUrl });
    expect((await waiting).size).toBe(0);
    expect(onReset).toHaveBeenCalledOnce();
  });

  it('ends a wait for a dead proxy as soon as its signal is aborted', async () => {
    const hub = await started();
    const guest = await started(await joinTo());
    await hub.stop();
    const since = performance.now();
    await expect(guest.proxy.addRoute(ada, AbortSignal.timeout(300))).rejects.toThrow(/timeout/);
    expect(performance.now() - since).toBeLessThan(1000);
  });

  it('takes over from another one (P418)', async () => {
    const hub = await started();
    const { api } = await record();
    const elsewhere = await newPlace();
    const other = await started({}, elsewhere);
    const onReset = vi.fn();
    other.proxy.watch?.(onReset);
    await expect(other.proxy.repoint?.({ apiUrl: api.url, authToken: 'wrong' })).rejects.toThrow('token');
    expect(onReset).not.toHaveBeenCalled();
    await other.proxy.repoint?.({ apiUrl: `${api.url}/`, authToken: api.token });
    await other.proxy.addRoute(ada);
    expect((await hub.proxy.routes()).has(ada.spec)).toBe(true);
    expect(onReset).toHaveBeenCalledOnce();
    await other.stop();
    await elsewhere.remove();
  });

  it('is told of a wrong token by name', async () => {
    await started();
    const guest = newHub(await joinTo({ authToken: 'wrong' }));
    await expect(guest.proxy.addRoute(ada)).rejects.toMatchObject({
      code: 'HUB_PROXY_UNAVAILABLE',
      status: 503,
      message: expect.stringContaining('403'),
    });
  });
});

/** A free port below those the kernel gives to connections. */
async function quietPort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 18_000);
    const probe = createServer();
    const free = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}
