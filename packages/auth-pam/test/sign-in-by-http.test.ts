import { createTestHub } from '@hub/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { machineReason, mayChangeMachine, run, TestMachine } from '../../posix/test/support/test-machine.ts';
import { pamAuthenticator } from '../src/index.ts';

const right = 'a right password';

describe('a whole hub with accounts of this machine', () => {
  beforeEach(({ skip }) => skip(!mayChangeMachine, machineReason));

  let machine: TestMachine;
  let service: string;
  beforeAll(async () => {
    if (!mayChangeMachine) return;
    machine = await TestMachine.create();
    service = await machine.service('auth required pam_unix.so nodelay', 'account required pam_unix.so');
  });
  afterAll(() => machine?.[Symbol.asyncDispose]());

  it('lets in who may come in, as what their groups make of them, and nobody else', async () => {
    const [ada, bob, eve, old] = await Promise.all([
      machine.user(right),
      machine.user(right),
      machine.user(right),
      machine.user(right, ['--expiredate', '2001-01-01']),
    ]);
    const students = await machine.group(ada, bob, old);
    const wheel = await machine.group(ada);
    const pam = pamAuthenticator({
      service,
      refusalDelay: 0,
      allowedGroups: [students],
      adminGroups: [wheel],
    });
    await using hub = await createTestHub({ plugins: [pam], access: { allowAll: false } });
    const enter = async (username: string, password: string) => {
      const browser = hub.browser();
      const page = await browser.signInByForm({ username, password }, { next: '/hub/home' });
      return { status: page.status, text: page.text, user: await browser.userName() };
    };

    expect(await enter(ada, right)).toMatchObject({ status: 302, user: ada });
    expect(await enter(bob, right)).toMatchObject({ status: 302, user: bob });
    expect((await hub.hub.users.get(ada))?.admin).toBe(true);
    expect((await hub.hub.users.get(bob))?.admin).toBe(false);

    const refused = {
      status: 403,
      user: null,
      text: expect.stringContaining('Invalid username or password'),
    };
    expect(await enter(ada, 'wrong')).toMatchObject(refused);
    expect(await enter('hub-nobody', right)).toMatchObject(refused);
    expect(await enter(eve, right)).toMatchObject(refused);
    expect(await hub.hub.users.get(eve)).toBeNull();
    expect(await enter(old, 'wrong')).toMatchObject(refused);
    expect(await enter(old, right)).toMatchObject({
      status: 403,
      user: null,
      text: expect.stringContaining('Your account has expired'),
    });

    // Leaving the group takes the rights at the next sign-in (P154).
    await run('gpasswd', ['--delete', ada, wheel]);
    expect(await enter(ada, right)).toMatchObject({ user: ada });
    expect((await hub.hub.users.get(ada))?.admin).toBe(false);
    expect(JSON.stringify(hub.log)).not.toContain(right);
  });

  it('makes the groups of the hub those of the system, when told so (P135)', async () => {
    const ada = await machine.user(right);
    const students = await machine.group(ada);
    const pam = pamAuthenticator({ service, bringGroups: true });
    const signIn = { manageGroups: true };
    await using hub = await createTestHub({ plugins: [pam], signIn });
    const page = await hub.browser().signInByForm({ username: ada, password: right });
    expect(page.status).toBe(302);
    expect([...((await hub.hub.users.get(ada))?.groups ?? [])].sort()).toEqual([ada, students].sort());
  });

  it('makes accounts for users made over the API, or refuses these (P151, R58)', async () => {
    const name = `hubt${Date.now().toString(36)}y`;
    machine.removeLater(name);
    const create = async (createSystemUsers: boolean) => {
      await using hub = await createTestHub({ plugins: [pamAuthenticator({ service, createSystemUsers })] });
      const admin = await hub.signIn('root', { admin: true });
      const { status } = await admin.api('POST', `/users/${name}`);
      return { status, user: (await hub.hub.users.get(name))?.name ?? null };
    };
    expect(await create(false)).toEqual({ status: 400, user: null });
    expect(await create(true)).toEqual({ status: 201, user: name });
    expect((await run('getent', ['passwd', name])).stdout).toContain(`:/home/${name}:`);
  });

  it('says at start who could not sign in, and ends its helper processes with the hub', async () => {
    const pam = pamAuthenticator({ service, allowedGroups: ['hub-absent'] });
    const hub = await createTestHub({ plugins: [pam] });
    expect(hub.log).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'allowedGroups: the group hub-absent is not known to this system.',
      }),
    );
    const helpers = async () => {
      const { stdout } = await run('ps', ['--ppid', String(process.pid), '-o', 'args=']);
      return stdout.split('\n').filter((line) => line.includes('os-helper')).length;
    };
    expect(await helpers()).toBeGreaterThan(0);
    await hub[Symbol.asyncDispose]();
    expect(await helpers()).toBe(0);
  });
});
