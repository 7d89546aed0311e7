import { chmod, rename, symlink } from 'node:fs/promises';
import { trivialServer } from '@hub/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OneServer } from './support/one-server-client.ts';
import { machineReason, mayChangeMachine, SudoMachine, unreachable } from './support/sudo-machine.ts';

const reason = mayChangeMachine ? await unreachable() : machineReason;

describe('a hub that is not root', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));
  let machine: SudoMachine;
  beforeAll(async () => {
    if (reason) return;
    machine = await SudoMachine.create();
    await machine.program('sudospawner-singleuser', `#!/bin/sh\nexec ${trivialServer.join(' ')} "$@"\n`);
  });
  afterAll(() => machine?.[Symbol.asyncDispose]());

  const start = async (account: string, mediator = machine.mediator) => {
    await using one = await OneServer.open(machine, mediator);
    return (await one.ask({ call: 'start', account })).error;
  };
  const check = async (mediator = machine.mediator) => {
    await using one = await OneServer.open(machine, mediator);
    return (await one.ask({ call: 'check' })).answer;
  };

  it('finds nothing to say of a right rule', async () => {
    expect(await check()).toEqual([]);
  });

  it('starts no server as somebody outside of the group, and names the rule that is needed (P328)', async () => {
    const { hubUser, mediator, stranger } = machine;
    expect(await start(stranger)).toMatchObject({
      failure: 'system',
      message: `The rule of sudo does not allow the hub's user ${hubUser} to run ${mediator} as ${stranger} without a password.`,
      hint: expect.stringContaining(`${hubUser} ALL=(%<group of the users>) NOPASSWD: ${mediator}`),
    });
  });

  it('starts no server as root', async () => {
    expect((await start('root'))?.message).toBe('The account "root" is root: no server runs as root.');
  });

  it.each(['nobody-has-this-name', '#0', '-uroot', '%root', ''])('knows no account %j', async (name) => {
    expect((await start(name))?.message).toBe(`This machine has no account "${name}".`);
  });

  it('may run no other program as a user', async () => {
    const other = await machine.program('other-mediator.mjs', '#!/bin/sh\nexit 0\n');
    expect((await start(machine.ada, other))?.message).toContain(`to run ${other} as ${machine.ada}`);
    expect(await check(other)).toEqual([
      expect.stringContaining(`sudo does not let ${machine.hubUser} run ${other} without a password.`),
    ]);
  });

  it('P324: names the single-user server that is missing', async () => {
    await using empty = await SudoMachine.create();
    await using one = await OneServer.open(empty, empty.mediator);
    const { error } = await one.ask({ call: 'start', account: empty.ada });
    expect(error).toMatchObject({
      failure: 'command-not-found',
      message: `The mediator could not start the server: ${empty.bin}/jupyterhub-singleuser does not exist.`,
    });
    const found = (await one.ask({ call: 'check' })).answer;
    expect(found).toEqual([expect.stringContaining('there is nothing to start')]);
  });

  it('names a rule that allows too much, and files others may change', async () => {
    await using wide = await SudoMachine.create();
    await wide.rule(`${wide.hubUser} ALL=(ALL) NOPASSWD: ALL`);
    const server = await wide.program('sudospawner-singleuser', '#!/bin/sh\n');
    await chmod(server, 0o777);
    await using one = await OneServer.open(wide, wide.mediator);
    expect((await one.ask({ call: 'check' })).answer).toEqual([
      expect.stringContaining(`${server} can be changed by others than root`),
      expect.stringContaining('run other commands, too, as root'),
      expect.stringContaining('run the mediator as root'),
    ]);
  });

  it('names the folder of another account that a link in the way of the mediator leads through', async () => {
    await using linked = await SudoMachine.create();
    const env = `/home/${linked.ada}/env`;
    await chmod(`/home/${linked.ada}`, 0o755);
    await rename(linked.bin, env);
    await symlink(env, linked.bin);
    await linked.program('sudospawner-singleuser', '#!/bin/sh\n');
    await using one = await OneServer.open(linked, linked.mediator);
    expect((await one.ask({ call: 'check' })).answer).toEqual([
      expect.stringContaining(`/home/${linked.ada} can be changed by others than root`),
    ]);
  });

  it('says that sudo wants a terminal', async () => {
    await using strict = await SudoMachine.create();
    await strict.rule(`Defaults:${strict.hubUser} requiretty`);
    await using one = await OneServer.open(strict, strict.mediator);
    expect((await one.ask({ call: 'start', account: strict.ada })).error).toMatchObject({
      message: 'sudo asks for a terminal (requiretty), and a hub has none.',
      hint: `Add to sudoers: Defaults!${strict.mediator} !requiretty`,
    });
  });
});
