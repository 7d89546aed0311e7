import { trivialServer } from '@hub/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clone, machineReason, mayChangeMachine, SudoMachine, unreachable } from './support/sudo-machine.ts';

const reason = mayChangeMachine ? await unreachable() : machineReason;

describe('by a hub that is not root', () => {
  let machine: SudoMachine;
  beforeAll(async () => {
    if (reason) return;
    machine = await SudoMachine.create();
    await machine.program('sudospawner-singleuser', `#!/bin/sh\nexec ${trivialServer.join(' ')} "$@"\n`);
  });
  afterAll(() => machine?.[Symbol.asyncDispose]());

  it('the spawner keeps all promises of the interface', async ({ skip }) => {
    skip(reason !== null, reason ?? '');
    const program = `${clone}/packages/spawner-sudo/test/support/conformance.ts`;
    const words = ['--conditions=@hub/source', '--test-reporter=tap', program];
    const about = [await machine.folder(), machine.mediator, machine.ada, 'gate'];
    const { status, stdout, stderr } = await machine.asHub([process.execPath, ...words, ...about]);
    expect(`${stdout}${stderr}`.match(/^not ok.*|^ +error: .*/gm) ?? []).toEqual([]);
    expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(20);
    expect(status).toBe(0);
  }, 900_000);
});
