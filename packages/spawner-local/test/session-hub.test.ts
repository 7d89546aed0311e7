import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@hub/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BadDay } from '../../core/test/bad-days/support/bad-day.ts';
import type { AccountOfUser } from '../../core/test/bad-days/support/place.ts';
import { type TracedService, tracedService } from '../../posix/test/support/session-machine.ts';
import { TestMachine } from '../../posix/test/support/test-machine.ts';
import { machineReason, mayChangeMachine } from './user-machine.ts';

const open = 'open_session';
const close = 'close_session';

describe('PAM sessions of servers of a whole hub', () => {
  beforeEach(({ skip }) => skip(!mayChangeMachine, machineReason));
  let machine: TestMachine;
  let service: TracedService;
  let day: BadDay;
  let ada: AccountOfUser;
  /** A session does not open while this file is there. */
  let hold: string;

  beforeAll(async () => {
    if (!mayChangeMachine) return;
    machine = await TestMachine.create();
    hold = join(machine.folder, 'hold');
    const wait = `#!/bin/sh\n[ "$PAM_TYPE" = close_session ] || while [ -e ${hold} ]; do sleep 0.1; done\n`;
    service = await tracedService(machine, null, {
      after: [`session required pam_exec.so ${await machine.file('wait', wait, 0o755)}`],
    });
    day = await BadDay.make('local', { spawner: { pamService: service.name } });
    await day.start();
    ada = await day.user();
  }, 300_000);
  afterAll(async () => {
    if (!mayChangeMachine) return;
    rmSync(hold, { force: true });
    if (day) await day.stopServer(ada);
    await day?.[Symbol.asyncDispose]();
    await machine[Symbol.asyncDispose]();
  });

  const trace = (from = 0) => service.trace().slice(from);

  it('P155: outlive a kill -9 of the hub, and are closed once when the next one stops the server', async () => {
    await day.startServer(ada);
    await day.comesTo('ready', ada);
    expect(trace()).toEqual([open]);
    const [before] = day.servers(ada);
    await day.end('SIGKILL');
    await day.start();
    await day.comesTo('ready', ada);
    expect(day.servers(ada)).toEqual([before]);
    expect(trace()).toEqual([open]);
    await day.stopServer(ada);
    await day.comesTo('stopped', ada);
    expect(trace()).toEqual([open, close]);
  }, 300_000);

  it('are closed when a server is killed', async () => {
    const from = trace().length;
    await day.startServer(ada);
    await day.comesTo('ready', ada);
    for (const pid of day.servers(ada)) process.kill(pid, 'SIGKILL');
    await day.comesTo('stopped', ada);
    expect(trace(from)).toEqual([open, close]);
  }, 300_000);

  it('that were opening when the hub was killed are closed, and the start is taken up', async () => {
    const from = trace().length;
    await machine.file('hold', '');
    expect(existsSync(hold)).toBe(true);
    await day.startServer(ada);
    await until(() => trace(from).length === 1, 60);
    await day.end('SIGKILL');
    rmSync(hold);
    await day.start();
    await day.comesTo('ready', ada);
    await until(() => trace(from).length === 3, 60);
    expect(trace(from).toSorted()).toEqual([close, open, open]);
    expect(day.servers(ada)).toHaveLength(1);
    await day.stopServer(ada);
    await day.comesTo('stopped', ada);
    expect(trace(from).toSorted()).toEqual([close, close, open, open]);
  }, 300_000);
});
