import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningServer } from '@hub/core/plugin';
import { type GatedProcess, launchGated, reservePort, stopProcesses, waitForListener } from '@hub/posix';
import { afterEach, describe, expect, it } from 'vitest';
import { diagnose } from './diagnose.ts';
import type { LocalState } from './state.ts';

const folder = mkdtempSync(join(tmpdir(), 'hub-diagnose-'));
const open: { process: GatedProcess; key: string }[] = [];

afterEach(async () => {
  for (const { process, key } of open.splice(0)) {
    await stopProcesses({ identity: process.identity, launchKey: key, now: true });
  }
  rmSync(folder, { recursive: true, force: true });
});

// Who holds a socket is read from /proc.
describe.skipIf(process.platform !== 'linux')('a server that runs and does not answer', () => {
  it('listens nowhere', async () => {
    const { server } = await launched('sleep 60', 4711);
    expect(await diagnose(server)).toMatchObject({
      cause: 'not-listening',
      message: expect.stringContaining('4711'),
    });
  });

  it('listens at another port than it was told', async () => {
    const other = await reservePort('127.0.0.1');
    const listen = `exec ${process.execPath} -e "require('http').createServer().listen(${other.port}, '127.0.0.1')"`;
    const { server, process: gated } = await launched(listen, 4711);
    const question = {
      address: '127.0.0.1',
      port: other.port,
      identity: gated.identity,
      launchKey: server.key,
    };
    await waitForListener({ ...question, signal: AbortSignal.timeout(20_000) });
    expect(await diagnose(server)).toMatchObject({
      cause: 'wrong-port',
      message: `The server listens at port ${other.port}, not at port 4711 as it was told.`,
    });
  });

  it('listens where it should: nothing to tell', async () => {
    const own = await reservePort('127.0.0.1');
    const listen = `exec ${process.execPath} -e "require('http').createServer().listen(${own.port}, '127.0.0.1')"`;
    const { server, process: gated } = await launched(listen, own.port);
    const question = {
      address: '127.0.0.1',
      port: own.port,
      identity: gated.identity,
      launchKey: server.key,
    };
    await waitForListener({ ...question, signal: AbortSignal.timeout(20_000) });
    expect(await diagnose(server)).toBeNull();
  });
});

async function launched(script: string, port: number) {
  const key = `diagnose-${open.length}-${port}`;
  const logFile = join(mkdtempSync(join(tmpdir(), 'hub-diagnose-')), 'log');
  const env = { PATH: process.env.PATH ?? '', HUB_LAUNCH_KEY: key };
  const gated = await launchGated({ command: ['sh', '-c', script], env, cwd: tmpdir(), logFile });
  open.push({ process: gated, key });
  await gated.open();
  const state: LocalState = { ...gated.identity, ip: '127.0.0.1', port, logFile };
  // Only key and state are looked at.
  const server = { key, state } as RunningServer<LocalState>;
  return { server, process: gated };
}
