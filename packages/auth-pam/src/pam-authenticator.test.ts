import { authenticatorConformance } from '@hub/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { machineReason, mayChangeMachine, run, TestMachine } from '../../posix/test/support/test-machine.ts';
import { hubError, make, userNamed } from '../test/made.ts';
import { pamAuthenticator } from './index.ts';

const unix = ['auth required pam_unix.so nodelay', 'account required pam_unix.so'];
const right = 'a right password';

describe('with accounts of this machine', () => {
  beforeEach(({ skip }) => skip(!mayChangeMachine, machineReason));

  let machine: TestMachine;
  let service: string;
  let ada: string;
  let students: string;
  let admins: string;
  beforeAll(async () => {
    if (!mayChangeMachine) return;
    machine = await TestMachine.create();
    service = await machine.service(...unix);
    ada = await machine.user(right);
    students = await machine.group(ada);
    admins = await machine.group();
  });
  afterAll(() => machine?.[Symbol.asyncDispose]());

  describe('conforms', () => {
    authenticatorConformance(it, () => ({
      authenticator: pamAuthenticator({ service, refusalDelay: 0.2, allowedGroups: [students] }),
      valid: { username: ada, password: right },
      wrong: { username: ada, password: 'wrong' },
    }));
  });

  describe('conforms while it brings groups and asks for names by number', () => {
    authenticatorConformance(it, () => ({
      authenticator: pamAuthenticator({ service, refusalDelay: 0, bringGroups: true, normalizeByUid: true }),
      managesGroups: true,
      valid: { username: ada, password: right },
      wrong: { username: ada, password: 'wrong' },
    }));
  });

  it('lets in with the right password, and refuses all else alike (P105, P153)', async () => {
    await using pam = make({ service });
    await pam.start();
    expect(await pam.enter(ada, right)).toEqual({ name: ada, subject: ada });
    expect(await pam.enter(ada, 'wrong')).toBeNull();
    expect(await pam.enter('hub-nobody', right)).toBeNull();
    expect(await pam.enter(ada, '')).toBeNull();
    expect(pam.log.map(({ level, fields }) => [level, fields.reason])).toEqual([
      ['info', 'wrong'],
      ['info', 'unknown-user'],
      ['info', 'impossible'],
    ]);
  });

  it('never logs a password, and cuts long names short (P153)', async () => {
    await using pam = make({ service });
    const typedIntoTheWrongField = 'correct horse battery staple and more';
    await pam.enter(typedIntoTheWrongField, right);
    await pam.enter(ada, `${right} with a typo`);
    const logged = JSON.stringify(pam.log);
    expect(logged).not.toContain(right);
    expect(logged).not.toContain(typedIntoTheWrongField);
    expect(logged).toContain('correct horse ba…');
  });

  it('tells of an expired password or account, and only who knows the right one (P104)', async () => {
    await using pam = make({ service });
    const due = await machine.user(right);
    await run('chage', ['--lastday', '0', due]);
    const gone = await machine.user(right, ['--expiredate', '2001-01-01']);
    await expect(pam.enter(due, right)).rejects.toEqual(hubError('HUB_FORBIDDEN', /password has expired/));
    await expect(pam.enter(gone, right)).rejects.toEqual(hubError('HUB_FORBIDDEN', /account has expired/));
    expect(await pam.enter(due, 'wrong')).toBeNull();
    expect(await pam.enter(gone, 'wrong')).toBeNull();

    await using lenient = make({ service, checkAccount: false });
    expect(await lenient.enter(gone, right)).toMatchObject({ name: gone });
  });

  it('fails, and refuses nobody, while PAM cannot tell', async () => {
    const broken = await machine.service('auth required pam_debug.so auth=authinfo_unavail');
    await using pam = make({ service: broken });
    await expect(pam.enter(ada, right)).rejects.toEqual(
      hubError('HUB_PLUGIN_FAILED', `service ${broken} failed`),
    );
    const absent = await machine.service('auth required pam_hub_absent.so');
    await using another = make({ service: absent });
    await expect(another.enter(ada, right)).rejects.toEqual(
      hubError('HUB_PLUGIN_FAILED', 'cannot be loaded'),
    );
    const hanging = await machine.service('auth required pam_exec.so quiet /bin/sleep 300');
    await using stuck = make({ service: hanging, timeout: 1 });
    await expect(stuck.enter(ada, right)).rejects.toEqual(
      hubError('HUB_UNAVAILABLE', 'No answer within 1 s'),
    );
  });

  it('asks for a one-time password and passes it on (P153)', async () => {
    const key = '00112233445566778899aabbccddeeff';
    const users = await machine.file('users.oath', `HOTP/T30 ${ada} - ${key}\n`);
    const oath = await machine.service(
      'auth required pam_unix.so nodelay',
      `auth required pam_oath.so usersfile=${users} window=20 digits=6`,
      'account required pam_unix.so',
    );
    await using pam = make({ service: oath, requestOtp: true, otpPrompt: 'Code from your phone' });
    expect(pam.authenticator.login).toEqual({
      form: {
        fields: ['username', 'password', { name: 'otp', label: 'Code from your phone', required: false }],
      },
    });
    const otp = (await run('oathtool', ['--totp', key])).stdout.trim();
    expect(await pam.enter(ada, 'wrong', { otp: '000000' })).toBeNull();
    expect(await pam.enter(ada, right, { otp: '000000' })).toBeNull();
    expect(await pam.enter(ada, right)).toBeNull();
    expect(pam.log.at(-1)?.fields).toMatchObject({ reason: 'more-prompts' });
    expect(await pam.enter(ada, right, { otp })).toMatchObject({ name: ada });
  });

  describe('allowedGroups', () => {
    it('let in members, by whatever group of theirs, and nobody else (P152)', async () => {
      const other = await machine.user(right);
      await using pam = make({ service, allowedGroups: ['hub-absent', students] });
      const allowed = (name: string) => pam.authenticator.isAllowed?.(name, { name });
      expect(await allowed(ada)).toBe(true);
      expect(await allowed(other)).toBe(false);
      // A group of one's own counts like any other.
      await using own = make({ service, allowedGroups: [other] });
      expect(await own.authenticator.isAllowed?.(other, { name: other })).toBe(true);
      expect(pam.log.map(({ level, fields }) => [level, fields.group])).toContainEqual([
        'error',
        'hub-absent',
      ]);
    });

    it('refuse whom the system does not know, and fail over nobody (8.4: P152)', async () => {
      await using pam = make({ service, allowedGroups: [students] });
      for (const name of ['hub-nobody', '--help', '0', 'x'.repeat(300)]) {
        expect(await pam.authenticator.isAllowed?.(name, { name }), name).toBe(false);
      }
    });

    it('are those of who signed in, whatever name the hub gives them', async () => {
      await using pam = make({ service, allowedGroups: [students] });
      expect(await pam.authenticator.isAllowed?.('countess', { name: ada, subject: ada })).toBe(true);
      expect(await pam.authenticator.isAllowed?.(ada, { name: ada, subject: 'hub-nobody' })).toBe(false);
    });
  });

  describe('adminGroups', () => {
    it('decide, each time anew (P154)', async () => {
      const eve = await machine.user(right);
      await using pam = make({ service, adminGroups: [admins] });
      const isAdmin = () => pam.authenticator.isAdmin?.(eve, { name: eve });
      expect(await isAdmin()).toBe(false);
      await run('gpasswd', ['--add', eve, admins]);
      expect(await isAdmin()).toBe(true);
      await run('gpasswd', ['--delete', eve, admins]);
      expect(await isAdmin()).toBe(false);
    });

    it('fail when one is unknown: nobody is silently demoted (P154)', async () => {
      await using pam = make({ service, adminGroups: [admins, 'hub-absent'] });
      await expect(pam.authenticator.isAdmin?.(ada, { name: ada })).rejects.toEqual(
        hubError('HUB_PLUGIN_FAILED', 'hub-absent of adminGroups is not known'),
      );
    });

    it('are no question unless named', async () => {
      await using pam = make({ service });
      expect([pam.authenticator.isAdmin, pam.authenticator.isAllowed]).toEqual([undefined, undefined]);
    });
  });

  it('brings groups along when told so, at each refresh too (P126, P135)', async () => {
    const eve = await machine.user(right);
    await using pam = make({ service, bringGroups: true });
    expect(await pam.enter(eve, right)).toEqual({ name: eve, subject: eve, groups: [eve] });
    await run('gpasswd', ['--add', eve, students]);
    const refresh = () => pam.authenticator.refresh?.(userNamed(eve), null, { subject: eve, forced: false });
    expect(await refresh()).toEqual({ groups: [eve, students] });
    await machine.removeUser(eve);
    expect(await refresh()).toBe(false);
  });

  it('writes names as the system does, by number, when told so (P156)', async () => {
    const uid = String(600_000 + Math.floor(Math.random() * 1000));
    const first = await machine.user(right, ['--uid', uid]);
    // Two names of one account: who signs in by either is the same user.
    const second = await machine.user(right, ['--uid', uid, '--non-unique', '--no-user-group']);
    await using pam = make({ service, normalizeByUid: true });
    const { normalizeName } = pam.authenticator;
    const canonical = await normalizeName?.(second);
    expect([first, second]).toContain(canonical);
    expect(await normalizeName?.(first)).toBe(canonical);
    // An unknown name is left as it is, in lists; to sign in with it is refused like any other.
    expect(await normalizeName?.('Hub-Nobody')).toBe('Hub-Nobody');
    const permit = await machine.service('auth required pam_permit.so', 'account required pam_permit.so');
    await using open = make({ service: permit, normalizeByUid: true });
    expect(await open.enter('hub-nobody', 'any')).toBeNull();
    expect(await open.enter(ada, 'any')).toMatchObject({ name: ada });
  });
});

describe('options', () => {
  it('refuse openSessions, and say where sessions belong (P155)', () => {
    expect(() => make({ openSessions: true })).toThrowError(
      expect.objectContaining({
        code: 'HUB_CONFIG_INVALID',
        problems: [expect.stringMatching(/the process that launches the server.*pamService/)],
      }),
    );
  });

  it('are warned about: groups nobody knows, a service that is not there, uids without use (P118)', async () => {
    await using pam = make({
      service: 'hub-test-absent',
      allowedGroups: ['hub-absent', 'root'],
      adminGroups: ['hub-absent-too'],
      uids: { ada: 2000 },
    });
    expect(await pam.authenticator.checkConfig?.()).toEqual(
      expect.arrayContaining([
        'uids are only used with createSystemUsers.',
        expect.stringContaining('There is no PAM service hub-test-absent'),
        'allowedGroups: the group hub-absent is not known to this system.',
        'adminGroups: the group hub-absent-too is not known to this system.',
      ]),
    );
  });

  it('keep the hub from starting when the service is not there', async () => {
    await using pam = make({ service: 'hub-test-absent' });
    await expect(pam.start()).rejects.toEqual(
      hubError('HUB_START_FAILED', 'write /etc/pam.d/hub-test-absent'),
    );
  });

  it.each(['-rf', '+x', 'a:b', 'a/b', 'a,b', 'a\nb', '..', '', ' a'])(
    'leave no room for a name like %j',
    (name) => {
      expect(make().authenticator.validateName?.(name)).toBe(false);
    },
  );

  it.each(['ada', 'ada.l', 'ada@example.org', 'DOM\\ada', 'ädä', '_x', 'ada$'])(
    'take %j for a name',
    (name) => {
      expect(make().authenticator.validateName?.(name)).toBe(true);
    },
  );
});
