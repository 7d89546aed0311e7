import { createPam, type Pam, type PamSurroundings } from '@hub/posix';
import { afterAll, expect, it } from 'vitest';
import { configWarnings } from './check-surroundings.ts';
import type { PamAuthenticatorOptions } from './options.ts';

const options: PamAuthenticatorOptions = {
  service: 'login',
  encoding: 'utf8',
  checkAccount: true,
  allowedGroups: [],
  adminGroups: [],
  bringGroups: false,
  normalizeByUid: false,
  requestOtp: false,
  otpPrompt: 'OTP:',
  createSystemUsers: true,
  addUserCommand: ['useradd'],
  uids: {},
  helpers: 1,
  timeout: 20,
  refusalDelay: 2,
  openSessions: false,
};

const pam = createPam();
afterAll(() => pam.close());

/** A machine where the hub finds this. */
const where = (seen: Partial<PamSurroundings>): Pam => ({
  ...pam,
  look: async () => ({
    uid: 1000,
    user: 'hub',
    shadow: 'readable',
    serviceFile: '/etc/pam.d/login',
    problem: null,
    ...seen,
  }),
});

it('says who can sign in when the hub can read no passwords (P157)', async () => {
  const [warning] = await configWarnings(options, where({ shadow: 'unreadable' }));
  expect(warning).toBe(
    'The hub runs as hub and cannot read /etc/shadow: of the accounts of this machine only hub can sign in. Add it to the group shadow, or run the hub as root.',
  );
});

it('says that only root makes accounts', async () => {
  expect(await configWarnings(options, where({ user: null }))).toEqual([
    'The hub runs as uid 1000: making accounts (createSystemUsers) needs root.',
  ]);
});

it('says what to install when there is no libpam', async () => {
  const warnings = await configWarnings(options, where({ uid: 0, problem: 'no such file' }));
  expect(warnings).toEqual(['libpam cannot be used: no such file. Install it (Debian: libpam0g).']);
});

it('has nothing to say where all is well', async () => {
  expect(await configWarnings(options, where({ uid: 0, shadow: 'unreadable' }))).toEqual([]);
});
