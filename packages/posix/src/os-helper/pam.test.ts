import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pamMaker, right, unix } from '../../test/support/pam-under-test.ts';
import { machineReason, mayChangeMachine, run, TestMachine } from '../../test/support/test-machine.ts';
import type { PamRequest } from './pam.ts';

const pamFor = pamMaker();
const ask = (service: string, user: string, ...secrets: string[]) =>
  pamFor(service).authenticate({ user, secrets });

describe('PAM with accounts of this machine', () => {
  beforeEach(({ skip }) => skip(!mayChangeMachine, machineReason));
  let machine: TestMachine;
  let plain: string;
  let ada: string;
  beforeAll(async () => {
    if (!mayChangeMachine) return;
    machine = await TestMachine.create();
    plain = await machine.service(...unix);
    ada = await machine.user(right);
  });
  afterAll(() => machine?.[Symbol.asyncDispose]());

  it('tells modules where the client is, and nothing of the hub', async () => {
    const file = await machine.file('environment', '');
    const service = await machine.service(`auth required pam_exec.so log=${file} /usr/bin/env`);
    process.env.HUB_TEST_SECRET = 'kept to ourselves';
    const pam = pamFor(service);
    await pam.authenticate({ user: ada, secrets: [right], rhost: '192.0.2.7', tty: 'hub' });
    delete process.env.HUB_TEST_SECRET;
    const seen = readFileSync(file, 'utf8');
    expect(seen).toContain('PAM_RHOST=192.0.2.7');
    expect(seen).toContain('PAM_TTY=hub');
    const ofHelper = readFileSync(`/proc/${pam.pids[0]}/environ`, 'utf8');
    expect(ofHelper).toContain('PATH=');
    expect(`${seen}${ofHelper}`).not.toContain('kept to ourselves');
  });

  it('answers with the name modules made of the user', async () => {
    const script = await machine.file('name', '#!/bin/sh\necho told\n', 0o755);
    const service = await machine.service(
      `auth required pam_exec.so stdout ${script}`,
      'auth required pam_unix.so nodelay',
      'account required pam_unix.so',
    );
    const verdict = await ask(service, ada, right);
    expect(verdict).toMatchObject({ outcome: 'accepted', user: ada, messages: ['told'] });
  });

  describe('never asks PAM', () => {
    it.each<[string, Partial<PamRequest>]>([
      ['a NUL in the password', { secrets: [`${right}\0`] }],
      ['a NUL in the name', { user: 'root\0' }],
      ['half a character', { secrets: ['\ud800'] }],
      ['no password', { secrets: [] }],
      ['an empty password', { secrets: [''] }],
      ['a NUL in the second secret', { secrets: [right, '1\0'] }],
      ['an endless password', { secrets: ['x'.repeat(1_000_000)] }],
      ['an option in the place of a name', { user: '--help' }],
      ['a line break in the name', { user: 'ada\nroot' }],
      ['a path in the place of a name', { user: '../ada' }],
      ['no name', { user: '' }],
      ['an endless name', { user: 'x'.repeat(300) }],
    ])('about %s', async (_what, more) => {
      const pam = pamFor(
        await machine.service('auth required pam_permit.so', 'account required pam_permit.so'),
      );
      const verdict = await pam.authenticate({ user: ada, secrets: [right], ...more });
      expect(verdict).toMatchObject({ outcome: 'refused', reason: 'impossible' });
      expect(pam.pids).toEqual([]);
    });
  });

  it('writes Latin-1 when told so, and refuses what that lacks instead of changing it', async () => {
    // Set as UTF-8, which as Latin-1 means other characters.
    const user = await machine.user('p\u00e9');
    const latin1 = pamFor(plain, { encoding: 'latin1' });
    expect(await latin1.authenticate({ user, secrets: ['p\u00c3\u00a9'] })).toMatchObject({
      outcome: 'accepted',
      user,
    });
    expect(await latin1.authenticate({ user, secrets: ['p\u00e9'] })).toMatchObject({ reason: 'wrong' });
    expect(await latin1.authenticate({ user, secrets: ['p\u0143'] })).toMatchObject({ reason: 'impossible' });
  });

  it('answers a refusal late, whatever its reason, and keeps no helper busy meanwhile', async () => {
    const slow = await machine.service(
      'auth optional pam_faildelay.so delay=3000000',
      'auth required pam_unix.so nodelay',
      'account required pam_unix.so',
    );
    const pam = pamFor(slow, { refusalDelay: 1 });
    await pam.look(); // starts the helper
    let ended = 0;
    const timed = async (user: string, password: string) => {
      const began = performance.now();
      const { outcome } = await pam.authenticate({ user, secrets: [password] });
      return { outcome, ms: performance.now() - began, place: ended++ };
    };
    const attempts = Array.from({ length: 10 }, (_, i) => timed(i % 2 ? ada : 'hub-nobody', `guess ${i}`));
    const guesses = Promise.all([...attempts, timed('-', 'guess')]);
    // Ten refusals that modules want held for about three seconds each are under way, on one helper.
    const welcome = await timed(ada, right);
    const refused = await guesses;
    expect(welcome.outcome).toBe('accepted');
    expect(refused.every(({ outcome }) => outcome === 'refused')).toBe(true);
    const asked = refused.slice(0, -1);
    for (const { ms, place } of asked) {
      // PAM varies what modules ask for by a quarter.
      expect(ms).toBeGreaterThan(2000);
      expect(place).toBeGreaterThan(welcome.place);
    }
    expect(refused.at(-1)?.ms).toBeGreaterThan(990);
  });

  // A loaded machine may be late once; PAM in this process would make it late each time.
  it('keeps the hub free while 50 sign in at once', { retry: 3 }, async () => {
    const pam = pamFor(plain, { helpers: 4, maxWait: 60 });
    await pam.look();
    const delays = monitorEventLoopDelay({ resolution: 5 });
    delays.enable();
    const all = Array.from({ length: 50 }, (_, i) =>
      pam.authenticate({ user: ada, secrets: [i % 5 ? right : 'wrong'] }),
    );
    const outcomes = (await Promise.all(all)).map(({ outcome }) => outcome);
    delays.disable();
    expect(outcomes).toEqual(Array.from({ length: 50 }, (_, i) => (i % 5 ? 'accepted' : 'refused')));
    expect(pam.pids).toHaveLength(4);
    expect(delays.percentile(99) / 1e6).toBeLessThan(50);
  });

  it('knows accounts and groups as the name service does', async () => {
    const { accounts } = pamFor(plain);
    const user = await machine.user(undefined, ['--comment', 'Ada, Countess', '--uid', '54321']);
    const group = await machine.group(user);
    expect(await accounts.accountOf(user)).toEqual({
      name: user,
      uid: 54321,
      gid: expect.any(Number),
      gecos: 'Ada, Countess',
      home: `/home/${user}`,
      shell: '/bin/sh',
    });
    expect(await accounts.accountWithId(54321)).toMatchObject({ name: user });
    const groups = await accounts.groupsOf(user);
    expect(groups?.map(({ name }) => name)).toEqual([user, group]);
    expect(await accounts.groupNamed(group)).toEqual({ name: group, gid: groups?.[1]?.gid });
    // A number is no name: `getent passwd 54321` and `id 54321` would take it for one.
    expect(await accounts.accountOf('54321')).toBeNull();
    expect(await accounts.groupsOf('54321')).toBeNull();
    for (const name of ['', 'hub-nobody', '--help', 'root\0x', 'x'.repeat(5000)]) {
      expect(await accounts.accountOf(name)).toBeNull();
      expect(await accounts.groupNamed(name)).toBeNull();
    }
  });
});

describe('PAM', () => {
  it('looks around without being asked to let anybody in', async () => {
    const pam = pamFor('hub-test-absent');
    expect(await pam.look()).toMatchObject({ uid: process.getuid?.(), serviceFile: null });
  });

  it('loads nothing native into the process that asks, and lets it end', async () => {
    const pamModule = new URL('./pam.ts', import.meta.url).href;
    const program = `
      import { createPam } from ${JSON.stringify(pamModule)};
      const pam = createPam();
      const account = await pam.accounts.accountWithId(0);
      const native = process.report.getReport().sharedObjects.filter((file) => /koffi|libpam/.test(file));
      console.log(JSON.stringify({ name: account.name, native }));`;
    const { status, stdout } = await run(process.execPath, ['--input-type=module', '--eval', program]);
    expect({ status, ...JSON.parse(stdout) }).toEqual({ status: 0, name: 'root', native: [] });
  });
});
