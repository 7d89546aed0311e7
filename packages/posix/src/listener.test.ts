import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fromProcHex, httpOrigin, overlaps } from './address.ts';
import { type GatedProcess, launchGated } from './launch.ts';
import { listenerOwner, waitForListener } from './listener.ts';
import { reservePort } from './ports.ts';
import { hasProc } from './process-table.ts';
import { stopProcesses } from './stop-processes.ts';

it('reads addresses as the kernel writes them', () => {
  expect(fromProcHex('0100007F')).toBe('127.0.0.1');
  expect(fromProcHex('00000000000000000000000001000000')).toBe('::1');
  expect(fromProcHex('0000000000000000FFFF00000100007F')).toBe('::ffff:7f00:1');
});

it('knows which bound address gets what is sent to another', () => {
  expect(overlaps('127.0.0.1', '127.0.0.1')).toBe(true);
  expect(overlaps('::ffff:7f00:1', '127.0.0.1')).toBe(true);
  expect(overlaps('0.0.0.0', '127.0.0.1')).toBe(true);
  expect(overlaps('127.0.0.2', '127.0.0.1')).toBe(false);
  expect(overlaps('::1', '0:0:0:0:0:0:0:1')).toBe(true);
});

it('P201: puts IPv6 in brackets', () => {
  expect(httpOrigin('::1', 80)).toBe('http://[::1]:80');
  expect(httpOrigin('127.0.0.1', 80)).toBe('http://127.0.0.1:80');
});

// Who holds a socket is read from /proc.
describe.skipIf(!hasProc)('proof that the responder is ours', () => {
  const address = '127.0.0.1';
  let folder: string;
  const open: GatedProcess[] = [];
  const servers: Server[] = [];
  let key = 0;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hub-listener-'));
  });
  afterEach(async () => {
    for (const { identity } of open.splice(0))
      await stopProcesses({ identity, launchKey: name(), now: true });
    for (const server of servers.splice(0)) server.close();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('knows its own process', async () => {
    const { port } = await reservePort(address);
    const { identity } = await launch(listen(port));
    expect(await wait(identity, port)).toBe('ours');
  });

  it('knows a grandchild that left the session', async () => {
    const { port } = await reservePort(address);
    const { identity } = await launch(`setsid ${listen(port)} & wait`);
    expect(await wait(identity, port)).toBe('ours');
  });

  it('tells another process apart', async () => {
    const port = await occupy();
    const { identity } = await launch('exec sleep 60');
    expect(await wait(identity, port)).toBe('another');
  });

  it('says nobody when the process ends without listening', async () => {
    const { port } = await reservePort(address);
    const { identity } = await launch('exit 1');
    expect(await wait(identity, port)).toBe('nobody');
    expect(await listenerOwner({ address, port, identity, launchKey: name() })).toBe('nobody');
  });

  it('stops waiting when it is told to', async () => {
    const { port } = await reservePort(address);
    const { identity } = await launch('exec sleep 60');
    const signal = AbortSignal.timeout(150);
    await expect(waitForListener({ address, port, identity, launchKey: name(), signal })).rejects.toThrow(
      'timeout',
    );
  });

  function wait(identity: GatedProcess['identity'], port: number) {
    return waitForListener({
      address,
      port,
      identity,
      launchKey: name(),
      signal: AbortSignal.timeout(20_000),
    });
  }

  function listen(port: number): string {
    return `'${process.execPath}' -e "require('net').createServer().listen(${port}, '${address}')"`;
  }

  async function launch(script: string): Promise<GatedProcess> {
    key += 1;
    const launched = await launchGated({
      command: ['sh', '-c', script],
      env: { PATH: '/usr/bin:/bin', HUB_LAUNCH_KEY: name() },
      cwd: folder,
      logFile: join(folder, 'log'),
    });
    open.push(launched);
    await launched.open();
    return launched;
  }

  async function occupy(): Promise<number> {
    const server = createServer().listen(0, address);
    servers.push(server);
    await once(server, 'listening');
    const bound = server.address();
    return typeof bound === 'object' && bound ? bound.port : 0;
  }

  function name(): string {
    return `listener-${process.pid}-${key}`;
  }
});
