import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SudoState } from '../src/index.ts';
import { OneServer } from './support/one-server-client.ts';
import { machineReason, mayChangeMachine, SudoMachine, unreachable } from './support/sudo-machine.ts';

const reason = mayChangeMachine ? await unreachable() : machineReason;

/** Tells what it was given, besides this very file, before it becomes a server. */
const telling = `#!/bin/sh
find /proc/$$/fd -type l ! -lname '*singleuser' -fprintf "$HOME/fd" '%f %l\\n'
cp /proc/$$/status "$HOME"
exec ${process.execPath} -e '
  const { hostname, port } = new URL(process.env.JUPYTERHUB_SERVICE_URL);
  require("node:http").createServer((_, response) => response.end()).listen(Number(port), hostname);'
`;

describe('a server that sudo started', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));
  let machine: SudoMachine;
  beforeAll(async () => {
    if (reason) return;
    machine = await SudoMachine.create();
    await machine.program('sudospawner-singleuser', telling);
  });
  afterAll(() => machine?.[Symbol.asyncDispose]());

  it('has three open files and no power, and its token stands nowhere on the way to it', async () => {
    await using one = await OneServer.open(machine, machine.mediator);
    const asked = await one.ask({ call: 'start', account: machine.ada });
    expect(asked.error).toBeUndefined();
    const { pid, uid, logFile } = asked.state as SudoState;
    try {
      const linesOf = (file: string) =>
        readFileSync(`/home/${machine.ada}/${file}`, 'utf8').trimEnd().split('\n').sort();
      expect(linesOf('fd')).toEqual(['0 /dev/null', `1 ${logFile}`, `2 ${logFile}`]);
      const none = '0000000000000000';
      expect(Object.fromEntries(linesOf('status').map((line) => line.split(/:\s*/, 2)))).toMatchObject({
        Uid: Array(4).fill(uid).join('\t'),
        ...{ CapInh: none, CapPrm: none, CapEff: none, CapAmb: none },
        ...{ SigBlk: none, SigIgn: none, SigPnd: none },
      });
      // The log is the hub's: its user may write into it by what was handed over, and nothing else.
      expect(statSync(logFile).mode & 0o777).toBe(0o600);
      expect(statSync(logFile).uid).not.toBe(uid);

      const [, token = ''] = /JUPYTERHUB_API_TOKEN=([^\0]+)/.exec(textOf(pid, 'environ')) ?? [];
      expect(token).not.toBe('');
      const others = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== pid);
      const holders = others.filter((name) =>
        ['environ', 'cmdline'].some((file) => textOf(Number(name), file).includes(token)),
      );
      // The keeper is the user's own.
      for (const holder of holders) expect(statSync(`/proc/${holder}`).uid).toBe(uid);
    } finally {
      await one.ask({ call: 'stop' });
    }
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });
});

function textOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return ''; // gone
  }
}
