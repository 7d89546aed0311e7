import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  machineReason,
  mayChangeMachine,
  run,
  type TestUser,
  type UserMachine,
  userMachine,
} from '../../../spawner-local/test/user-machine.ts';
import { runInKernel } from './kernel.ts';
import { describeWith, openSingleUserHub, type SingleUserHub } from './single-user-hub.ts';

const limit = 300_000;
const venv = path.resolve(import.meta.dirname, '../../../../.venv');

/** A Python that every account may run, with the packages of the environment: its own may lie in a home of root's. */
async function pythonForAll(): Promise<{ command: string[]; environment: Record<string, string> } | null> {
  for (const python of [path.join(venv, 'bin/python'), '/usr/bin/python3', '/usr/bin/python3.11']) {
    const [libraries = ''] = await readdir(path.join(venv, 'lib'));
    const packages = path.join(venv, 'lib', libraries, 'site-packages');
    const probe = ['-c', 'import jupyterhub.singleuser, ipykernel'];
    const nobody = ['--reuid=65534', '--clear-groups', '--', 'env', '-i', `PYTHONPATH=${packages}`];
    const { status } = await run('setpriv', [...nobody, python, ...probe]);
    if (status !== 0) continue;
    return { command: [python, '-m', 'jupyterhub.singleuser'], environment: { PYTHONPATH: packages } };
  }
  return null;
}

describeWith('.venv', "jupyterhub-singleuser under its user's account", () => {
  beforeEach(({ skip }) => {
    skip(!mayChangeMachine, machineReason);
    skip(hub === undefined, `no Python with the packages of ${venv} that other accounts may run`);
  });

  let machine: UserMachine;
  let hub: SingleUserHub | undefined;
  let ada: TestUser;
  let bob: TestUser;
  beforeAll(async () => {
    if (!mayChangeMachine) return;
    machine = await userMachine();
    [ada, bob] = await Promise.all([machine.user(), machine.user()]);
    const python = await pythonForAll();
    if (!python) return;
    hub = await openSingleUserHub({
      spawner: {
        runAs: 'user',
        ...python,
        workingDirectory: '~',
        controlGroup: machine.controlGroup,
        pidsLimit: 2000,
      },
    });
  }, limit);
  afterAll(async () => {
    await hub?.[Symbol.asyncDispose]();
    await machine?.[Symbol.asyncDispose]();
  }, limit);

  it(
    'P301: kernels are the user’s, in the home, and see nothing of others',
    async () => {
      if (!hub) return;
      const here = hub;
      await writeFile(path.join(ada.home, 'mine'), 'only mine', { mode: 0o600 });
      await run('chown', [ada.name, path.join(ada.home, 'mine')]);
      await Promise.all([here.start(ada.name), here.start(bob.name)]);
      const ask = async ({ name }: TestUser, code: string) =>
        runInKernel(`${here.origin}/user/${name}/`, await here.test.tokenOf(name), code);

      expect(await ask(ada, '__import__("os").getuid(), open("mine").read()')).toBe(
        `(${ada.uid}, 'only mine')`,
      );
      expect(await ask(bob, '__import__("os").getuid(), __import__("os").getcwd()')).toBe(
        `(${bob.uid}, '${bob.home}')`,
      );
      const paths = [`${ada.home}/mine`, `/proc/${await here.pid(ada.name)}/environ`];
      const peek = `[__import__("os").access(path, 4) for path in ${JSON.stringify(paths)}]`;
      expect(await ask(bob, peek)).toBe('[False, False]');
    },
    limit,
  );

  it(
    'a user who is unknown to the system is told so',
    async () => {
      await expect(hub?.start('hub-nobody')).rejects.toThrow('The system has no account called hub-nobody.');
    },
    limit,
  );
});
