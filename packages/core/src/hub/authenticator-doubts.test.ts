import { expect, it } from 'vitest';
import { type AccessSettings, accessRules } from '../accounts/index.ts';
import type { Authenticator } from '../plugin/index.ts';
import { authenticatorDoubts } from './authenticator-doubts.ts';

const form: Authenticator = { login: { form: { fields: ['username'] } }, authenticate: async () => null };

async function doubtsOf(
  access: AccessSettings,
  more: Partial<Authenticator> = {},
): Promise<readonly string[]> {
  const instances = [{ id: 'pam', authenticator: { ...form, ...more } }];
  const doubts = await authenticatorDoubts(instances, await accessRules(access, instances));
  return doubts.map(({ authenticator, warning }) => `${authenticator}: ${warning}`);
}

it('says so when nobody could ever sign in (P118)', async () => {
  expect(await doubtsOf({})).toEqual([expect.stringMatching(/^pam: Nobody can sign in here/)]);
  expect(await doubtsOf({ admins: ['ada'] })).toHaveLength(1);
  expect(await doubtsOf({ allowAll: false })).toHaveLength(1);
});

it.each<[string, AccessSettings, Partial<Authenticator>]>([
  ['all may', { allowAll: true }, {}],
  ['some are named', { allowed: ['ada'] }, {}],
  ['users that are there already may', { allowExisting: true }, {}],
  ['the authenticator lets in whom it knows', {}, { letsEverybodyIn: true }],
  ['the authenticator decides', {}, { isAllowed: () => false }],
  ['nobody is meant to', {}, { login: { none: true } }],
])('has no doubt where %s', async (_why, access, more) => {
  expect(await doubtsOf(access, more)).toEqual([]);
});

it('passes on what authenticators say themselves', async () => {
  const checkConfig = async () => ['The group x is not known.'];
  expect(await doubtsOf({ allowAll: true }, { checkConfig })).toEqual(['pam: The group x is not known.']);
});
