import { type ConformanceIt, spawnerConformance } from '@hub/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
beforeAll(async () => {
  if (!mayChangeMachine) return;
  machine = await userMachine();
  user = await machine.user();
});
afterAll(() => machine?.[Symbol.asyncDispose]());

/** Each case is skipped where no accounts may be made. */
const onMachine: ConformanceIt = Object.assign(
  (name: string, run: () => Promise<void>) =>
    it(name, async ({ skip }) => {
      skip(!mayChangeMachine, machineReason);
      await run();
    }),
  { skip: it.skip },
);

describe("runAs: 'user'", () => {
  spawnerConformance(
    onMachine,
    async ({ command }) => {
      if (!machine) throw new Error('There is no machine.');
      const made = driver({
        runAs: 'user',
        account: user.name,
        controlGroup: machine.controlGroup,
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
          for (const one of drivers) await one.end();
          made.dispose();
        },
      };
    },
    { supports: { pollAll: false } },
  );
});
