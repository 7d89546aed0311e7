import { fork } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { machineReason, mayChangeMachine, run, TestMachine } from '../../test/support/test-machine.ts';
import { createPam, type Pam, type PamOptions, type PamRequest } from './pam.ts';

const unix = ['auth required pam_unix.so nodelay', 'account required pam_unix.so'];
const right = 'a right password';

const open: Pam[] = [];
function pamFor(service: string, more: PamOptions = {}): Pam {
  const pam = createPam({ service, helpers: 1, refusalDelay: 0, ...more });
  open.push(pam);
  return pam;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((pam) => pam.close()));
});

const ask = (service: string, user: string, ...secrets: string[]) =>
  pamFor(service).authenticate({ user, secrets });

/** Processes whose command line holds the text. */
function processesWith(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => commandOf(pid).includes(text))
    .map(Number);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // it ended meanwhile
  }
}

async function until(what: () => boolean): Promise<void> {
  const end = performance.now() + 60_000;
  while (!what()) {
    if (performance.now() > end) throw new Error(`not so within 60 s: ${what}`);
    await delay(20);
  }
}

describe('PAM with accounts of this machine', () => {
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

  describe('says what pamtester says', () => {
    /** The verdict of the original program for the same question. */
    async function pamtester(service: string, user: string, secrets: readonly string[]) {
      const flags = '(PAM_DISALLOW_NULL_AUTHTOK)';
      const steps = [`authenticate${flags}`, `acct_mgmt${flags}`];
      const { status, stderr } = await run('pamtester', [service, user, ...steps], `${secrets.join('\n')}\n`);
      return { accepted: status === 0, words: stderr };
    }

    async function same(service: string, user: string, ...secrets: string[]) {
      const verdict = await ask(service, user, ...secrets);
      const original = await pamtester(service, user, secrets);
      expect({ verdict, accepted: verdict.outcome === 'accepted' }).toMatchObject({
        accepted: original.accepted,
      });
      const words = 'message' in verdict ? /PAM \w+: (.*) \(\d+\)/.exec(verdict.message)?.[1] : undefined;
      if (words) expect(original.words).toContain(words);
      return verdict;
    }

    it('of the right password, a wrong one, and of nobody', async () => {
      expect(await same(plain, ada, right)).toMatchObject({
        outcome: 'accepted',
        user: ada,
        account: { name: ada, shell: '/bin/sh' },
      });
      expect(await same(plain, ada, 'wrong')).toMatchObject({ outcome: 'refused', reason: 'wrong' });
      expect(await same(plain, 'hub-nobody', 'wrong')).toMatchObject({ reason: 'unknown-user' });
    });

    it('of accounts that are locked or were never given a password', async () => {
      const locked = await machine.user(right);
      await run('usermod', ['--lock', locked]);
      expect(await same(plain, locked, right)).toMatchObject({ outcome: 'refused' });
      expect(await same(plain, await machine.user(), right)).toMatchObject({ outcome: 'refused' });
    });

    it('of an account without password: nobody is let in on any input', async () => {
      const open = await machine.user();
      await run('passwd', ['--delete', open]);
      const service = await machine.service(
        'auth required pam_unix.so nullok nodelay',
        'account required pam_unix.so',
      );
      expect(await same(service, open, 'anything')).toMatchObject({ outcome: 'refused' });
      expect(await ask(service, open, '')).toMatchObject({ outcome: 'refused', reason: 'impossible' });
    });

    it('of an expired account, and tells it only after the right password', async () => {
      const expired = await machine.user(right, ['--expiredate', '2001-01-01']);
      expect(await same(plain, expired, right)).toMatchObject({ outcome: 'account-expired' });
      expect(await same(plain, expired, 'wrong')).toMatchObject({ outcome: 'refused', reason: 'wrong' });
    });

    it('of a password that must be changed, and tells it only after the right one', async () => {
      const due = await machine.user(right);
      await run('chage', ['--lastday', '0', due]);
      expect(await same(plain, due, right)).toMatchObject({
        outcome: 'password-expired',
        messages: [expect.stringContaining('change your password')],
      });
      expect(await same(plain, due, 'wrong')).toMatchObject({ outcome: 'refused', reason: 'wrong' });
    });

    it('of a password that expired so long ago that the account is closed', async () => {
      const closed = await machine.user(right);
      await run('chage', ['--lastday', '2001-01-01', '--maxdays', '10', '--inactive', '10', closed]);
      expect(await same(plain, closed, right)).toMatchObject({ outcome: 'account-expired' });
    });

    it('of a password and a one-time password, answered in order (P153)', async () => {
      const key = '00112233445566778899aabbccddeeff';
      const users = await machine.file('oath', `HOTP/T30 ${ada} - ${key}\n`);
      const service = await machine.service(
        'auth required pam_unix.so nodelay',
        `auth required pam_oath.so usersfile=${users} window=20 digits=6`,
        'account required pam_unix.so',
      );
      const code = async () => (await run('oathtool', ['--totp', key])).stdout.trim();
      expect(await ask(service, ada, right, await code())).toMatchObject({ outcome: 'accepted' });
      // Each code is good for once.
      expect(await ask(service, ada, right, await code())).toMatchObject({ outcome: 'refused' });
      await machine.file('oath', `HOTP/T30 ${ada} - ${key}\n`);
      expect(await same(service, ada, right, '000000')).toMatchObject({ outcome: 'refused' });
      expect(await ask(service, ada, 'wrong', await code())).toMatchObject({ outcome: 'refused' });
      expect(await ask(service, ada, right)).toMatchObject({ outcome: 'refused', reason: 'more-prompts' });
      expect(await ask(service, ada, right, '')).toMatchObject({ outcome: 'refused' });
      await machine.file('oath', `HOTP/T30 ${ada} - ${key}\n`);
      expect(await pamtester(service, ada, [right, await code()])).toMatchObject({ accepted: true });
    });

    it('of passwords that are no ASCII, long, or full of blanks', async () => {
      for (const password of ['pässwörd-日本-🔑', ' blanks around ', 'x'.repeat(250)]) {
        const user = await machine.user(password);
        expect(await same(plain, user, password)).toMatchObject({ outcome: 'accepted' });
        expect(await same(plain, user, `${password}x`)).toMatchObject({ outcome: 'refused' });
      }
      expect(await same(plain, ada, 'x'.repeat(10_000))).toMatchObject({
        outcome: 'refused',
        reason: 'wrong',
      });
    });

    it('of what modules answer: each failure is told apart from a refusal', async () => {
      const debug = (lines: string[]) => machine.service(...lines);
      const auth = (code: string) => debug([`auth required pam_debug.so auth=${code}`]);
      const account = (code: string) =>
        debug(['auth required pam_permit.so', `account required pam_debug.so acct=${code}`]);
      const cases: [string, string][] = [
        [await auth('authinfo_unavail'), 'broken system'],
        [await auth('system_err'), 'broken system'],
        [await auth('cred_insufficient'), 'broken system'],
        [await auth('maxtries'), 'refused max-tries'],
        [await auth('perm_denied'), 'refused wrong'],
        // Nothing is known of the password yet: no more is said than of a wrong one.
        [await auth('acct_expired'), 'refused wrong'],
        [await auth('new_authtok_reqd'), 'refused wrong'],
        [await account('acct_expired'), 'account-expired'],
        [await account('new_authtok_reqd'), 'password-expired'],
        [await account('perm_denied'), 'refused account-denied'],
        [await account('auth_err'), 'refused account-denied'],
        [await account('system_err'), 'broken system'],
        [await debug(['auth required pam_hub_absent.so']), 'broken module-missing'],
      ];
      for (const [service, expected] of cases) {
        const verdict = await same(service, ada, right);
        const reason = 'reason' in verdict ? ` ${verdict.reason}` : '';
        expect(`${verdict.outcome}${reason}`, expected).toBe(expected);
      }
    });
  });

  it('does not fall back to another service when the one it is told is missing', async () => {
    expect(await ask('hub-test-absent', ada, right)).toEqual({
      outcome: 'broken',
      reason: 'service-missing',
      message: 'There is no PAM service hub-test-absent: no file /etc/pam.d/hub-test-absent.',
    });
  });

  it('leaves the account stack out when told so', async () => {
    const expired = await machine.user(right, ['--expiredate', '2001-01-01']);
    const verdict = await pamFor(plain).authenticate({
      user: expired,
      secrets: [right],
      checkAccount: false,
    });
    expect(verdict).toMatchObject({ outcome: 'accepted' });
  });

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
    await until(() => pids.every((pid) => commandOf(String(pid)) === ''));
    for (const left of processesWith(sleeper)) process.kill(left, 'SIGKILL');
    expect(pids.length).toBeGreaterThan(0);
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
