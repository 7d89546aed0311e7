import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pamMaker, right, unix } from '../../test/support/pam-under-test.ts';
import { machineReason, mayChangeMachine, run, TestMachine } from '../../test/support/test-machine.ts';

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
});
