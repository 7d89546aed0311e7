import { fork } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { commandOf, pamMaker, processesWith, right, unix, until } from '../../test/support/pam-under-test.ts';
import { machineReason, mayChangeMachine, TestMachine } from '../../test/support/test-machine.ts';

const pamFor = pamMaker();

describe('the processes that ask PAM', () => {
  beforeEach(({ skip }) => skip(!mayChangeMachine, machineReason));
  let machine: TestMachine;
  let plain: string;
  let ada: string;
  // So long that it never ends by itself; the number tells it from others' sleeps.
  let seconds: number;
  let sleeper: string;
  beforeAll(async () => {
    if (!mayChangeMachine) return;
    machine = await TestMachine.create();
    plain = await machine.service(...unix);
    ada = await machine.user(right);
    seconds = randomInt(100_000, 1_000_000);
    sleeper = `sleep ${seconds}`;
  });
  afterAll(() => machine?.[Symbol.asyncDispose]());

  it('leaks neither files nor memory over 500 sign-ins', async () => {
    const pam = pamFor(plain);
    const once = () => pam.authenticate({ user: ada, secrets: [right] });
    const many = async (count: number) => {
      for (let done = 0; done < count; done++) expect(await once()).toMatchObject({ outcome: 'accepted' });
    };
    const files = (pid: number | undefined) => readdirSync(`/proc/${pid}/fd`).length;
    const kilobytes = (pid: number | undefined) =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    await many(100);
    const [pid] = pam.pids;
    const before = { files: files(pid), kilobytes: kilobytes(pid) };
    await many(500);
    expect(pam.pids).toEqual([pid]);
    expect(files(pid)).toBe(before.files);
    expect(kilobytes(pid) - before.kilobytes).toBeLessThan(20_000);
  });

  it('replaces a helper that is killed in the middle of a call, and says that it was', async () => {
    const service = await machine.service(`auth required pam_exec.so quiet /bin/sleep ${seconds}`, ...unix);
    const pam = pamFor(service);
    const asked = pam.authenticate({ user: ada, secrets: [right] });
    await until(() => processesWith(sleeper).length > 0);
    const [pid = 0] = pam.pids;
    process.kill(pid, 'SIGKILL');
    expect(await asked).toMatchObject({ outcome: 'broken', reason: 'died' });
    for (const left of processesWith(sleeper)) process.kill(left, 'SIGKILL');
    expect(await pam.accounts.accountOf(ada)).toMatchObject({ name: ada });
    expect(pam.pids).not.toContain(pid);
  });

  it('kills a helper that hangs, with what hangs in it, and answers', async () => {
    const service = await machine.service(`auth required pam_exec.so quiet /bin/sleep ${seconds}`, ...unix);
    const pam = pamFor(service, { timeout: 3 });
    await pam.look();
    const [pid] = pam.pids;
    const hanging = pam.authenticate({ user: ada, secrets: [right] });
    // Who waits behind it gets another helper, not the one that is being killed.
    const behind = pam.accounts.accountOf(ada);
    expect(await hanging).toMatchObject({ outcome: 'broken', reason: 'timeout' });
    expect(await behind).toMatchObject({ name: ada });
    await until(() => processesWith(sleeper).length === 0);
    expect(pam.pids).not.toContain(pid);
  });

  it('lets only so many wait, and none for longer than said', async () => {
    const service = await machine.service(`auth required pam_exec.so quiet /bin/sleep ${seconds}`, ...unix);
    const pam = pamFor(service, { maxWait: 1, maxWaiting: 1 });
    const request = { user: ada, secrets: [right] };
    const atWork = pam.authenticate(request);
    const waiting = pam.authenticate(request);
    expect(await pam.authenticate(request)).toMatchObject({
      reason: 'busy',
      message: expect.stringContaining('too many wait'),
    });
    expect(await waiting).toMatchObject({ reason: 'busy', message: expect.stringContaining('within 1 s') });
    await pam.close();
    expect(await atWork).toMatchObject({ outcome: 'broken', reason: 'closed' });
    expect(await pam.authenticate(request)).toMatchObject({ outcome: 'broken', reason: 'closed' });
    await until(() => processesWith(sleeper).length === 0);
  });

  it('looks accounts up before it goes on with the passwords that wait', async () => {
    const slow = await machine.service('auth required pam_exec.so quiet /bin/sleep 0.3', ...unix);
    const pam = pamFor(slow);
    const ended: string[] = [];
    const asked = Array.from({ length: 3 }, async (_, i) => {
      await pam.authenticate({ user: ada, secrets: [right] });
      ended.push(`password ${i}`);
    });
    await pam.accounts.groupsOf(ada);
    ended.push('groups');
    await Promise.all(asked);
    expect(ended).toEqual(['password 0', 'groups', 'password 1', 'password 2']);
  });

  it('leaves no helper behind when its parent is killed in the middle of a call', async () => {
    const service = await machine.service(`auth required pam_exec.so quiet /bin/sleep ${seconds}`, ...unix);
    const pamModule = new URL('./pam.ts', import.meta.url).href;
    const request = JSON.stringify({ user: ada, secrets: [right] });
    const program = `
      import { createPam } from ${JSON.stringify(pamModule)};
      const pam = createPam({ service: '${service}' });
      const asked = pam.authenticate(${request});
      await pam.accounts.accountOf('root');
      process.send({ pids: pam.pids });
      await asked;`;
    const file = await machine.file('parent.mjs', program);
    const parent = fork(file, { execArgv: [] });
    const { pids } = await new Promise<{ pids: number[] }>((resolve) =>
      parent.once('message', (message) => resolve(message as { pids: number[] })),
    );
    await until(() => processesWith(sleeper).length > 0);
    parent.kill('SIGKILL');
    await until(() => pids.every((pid) => commandOf(pid) === ''));
    for (const left of processesWith(sleeper)) process.kill(left, 'SIGKILL');
    expect(pids.length).toBeGreaterThan(0);
  });
});
