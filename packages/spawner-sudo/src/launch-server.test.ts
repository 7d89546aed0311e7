import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { launchServer } from './launch-server.ts';
import { createMediator, type Mediator } from './mediator.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-mediator-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The mediator runs as the user, who can make it say and do anything. */
describe('a mediator in the hands of its user', () => {
  const launch = async (script: string, { hasGate = true, patience = 60 } = {}) => {
    const logFile = join(folder, 'log');
    const order = { mediatorPath: '/opt/m', account: 'eve', args: [], env: {}, logFile };
    const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
    child.stdin.on('error', () => {});
    await once(child, 'spawn');
    const mediator = { hasGate: async () => hasGate, open: async () => child } as unknown as Mediator;
    try {
      return await launchServer(order, mediator, patience);
    } finally {
      if (child.exitCode === null) process.kill(-(child.pid ?? 0), 'SIGKILL');
    }
  };

  it.each(['1', '0', '-1', '-5', '1.5', '1e99', '"7"', 'null'])(
    'is not believed that pid %s is the server',
    async (pid) => {
      await expect(launch(`echo '{"ok":true,"pid":${pid}}'`)).rejects.toThrow(
        'The mediator /opt/m failed as eve',
      );
    },
  );

  it.each([true, false])('is not waited for without end (with a gate: %s)', async (hasGate) => {
    await expect(launch('sleep 60', { hasGate, patience: 0.3 })).rejects.toThrow(
      'did not answer within 0.3 s',
    );
  });

  it.each([true, false])('fills no memory with a line that has no end (with a gate: %s)', async (hasGate) => {
    await expect(launch('head -c 300000000 /dev/zero', { hasGate })).rejects.toThrow('said more than');
  });

  it('tells the end of its server once, and is not heard any longer', async () => {
    const { pid, exited } = await launch(`echo '{"ok":true,"pid":77}'; yes '{"exited":"no"}'`);
    expect(pid).toBe(77);
    expect(await exited).toBeNull();
  });
});

describe('a question to a mediator', () => {
  const ask = async (script: string) => {
    const sudo = join(folder, 'sudo');
    writeFileSync(sudo, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const mediatorPath = join(folder, 'mediator');
    writeFileSync(mediatorPath, '#!/bin/sh\necho hub-sudo-mediator, protocol 1\n', { mode: 0o755 });
    const path = process.env.PATH;
    process.env.PATH = `${folder}:${path}`;
    try {
      const mediator = createMediator({ mediatorPath, mediatorLogLevel: 'info', sudoArgs: ['-nH'] });
      return await mediator.find('eve', '1-1');
    } finally {
      process.env.PATH = path;
    }
  };

  it('believes in pids only', async () => {
    expect(await ask(`echo '{"ok":true,"pids":[7,-7,0,1,1.5,"8",1e99,9]}'`)).toEqual([7, 9]);
  });

  it('ends when the answer does not', async () => {
    await expect(ask('yes')).rejects.toThrow('said more than');
    await expect(ask('yes >&2')).rejects.toThrow('said more than');
  });
});
