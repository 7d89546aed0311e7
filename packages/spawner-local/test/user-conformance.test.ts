import { type ConformanceIt, spawnerConformance } from '@hub/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TracedService, tracedService } from '../../posix/test/support/session-machine.ts';
import { driver } from './driver.ts';
import {
  machineReason,
  mayChangeMachine,
  type TestUser,
  type UserMachine,
  userMachine,
} from './user-machine.ts';

let machine: UserMachine | null = null;
let user: TestUser;
let service: TracedService;
beforeAll(async () => {
  if (!mayChangeMachine) return;
  machine = await userMachine();
  user = await machine.user();
  service = await tracedService(machine.machine, user.name);
});
afterAll(() => machine?.[Symbol.asyncDispose]());

/** Each case is skipped where no accounts may be made. */
function onMachine(leftOut: RegExp | null): ConformanceIt {
  const run = (name: string, test: () => Promise<void>) => {
    if (leftOut?.test(name)) return;
    it(name, async ({ skip }) => {
      skip(!mayChangeMachine, machineReason);
      await test();
    });
  };
  return Object.assign(run, { skip: it.skip });
}

/** What a session changes nothing about. */
const sameInSession = /hostile names|logs |environment|on no command line|capacity|renamed/;

describe.each([
  ["runAs: 'user'", false],
  ["runAs: 'user' in a PAM session", true],
] as const)('%s', (_, inSession) => {
  spawnerConformance(
    onMachine(inSession ? sameInSession : null),
    async ({ command }) => {
      if (!machine) throw new Error('There is no machine.');
      const before = service.trace().length;
      const made = driver({
        runAs: 'user',
        account: user.name,
        controlGroup: machine.controlGroup,
        pamService: inSession ? service.name : '',
        command: await machine.forUsers(command),
      });
      const drivers = [made];
      return {
        spawner: made.spawner,
        again() {
          const next = made.again();
          drivers.push(next);
          return next.spawner;
        },
        async dispose() {
          expect(await made.spawner.list?.()).toEqual([]);
          const trace = service.trace().slice(before);
          const closed = trace.filter((word) => word === 'close_session');
          expect(closed).toHaveLength(trace.length / 2);
          for (const one of drivers) await one.end();
          made.dispose();
        },
      };
    },
    { supports: { pollAll: false } },
  );
});
