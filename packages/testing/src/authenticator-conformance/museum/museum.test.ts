import type { Authenticator, Identity } from '@hub/core/plugin';
import { describe, expect, it } from 'vitest';
import { authenticatorConformance } from '../authenticator-conformance.ts';

const valid = { username: 'ada', password: 'right' };
const wrong = { username: 'ada', password: 'wrong' };

const sound: Authenticator = {
  login: { form: { fields: ['username', 'password'] } },
  authenticate: async (_request, { username, password }) =>
    username === 'ada' && password === 'right' ? { name: 'ada' } : null,
};

/** Names of the cases an authenticator fails, with the first line of why. */
async function failuresOf(authenticator: Authenticator): Promise<Record<string, string>> {
  const cases: [string, () => Promise<void>][] = [];
  authenticatorConformance(
    (name, run) => cases.push([name, run]),
    () => ({ authenticator, valid, wrong }),
  );
  const failures: Record<string, string> = {};
  for (const [name, run] of cases) {
    await run().catch((error: Error) => {
      failures[name] = error.message.split('\n')[0] ?? '';
    });
  }
  return failures;
}

/** Answers with more than `sound` does. */
const with_ = (more: object): Authenticator => ({
  ...sound,
  // Types are what these exhibits break.
  authenticate: async (request, data) => {
    const identity = await sound.authenticate(request, data);
    return identity && ({ ...identity, ...more } as Identity);
  },
});

describe('the museum of broken authenticators', () => {
  it('a sound one fails nothing', async () => {
    expect(await failuresOf(sound)).toEqual({});
  });

  it('one that is wrong in every way fails by name', async () => {
    let last: Identity | null = null;
    const broken: Authenticator = {
      login: { form: { fields: ['username', 'username', '_xsrf'] } },
      // Remembers the last visitor, which mixes up people who come at the same time.
      authenticate: async (_request, { username = '', password }) => {
        if (password === '') throw new Error('empty password');
        if (password === 'right') last = { name: username, userInfo: { password } };
        await new Promise((resolve) => setTimeout(resolve, 1));
        return last;
      },
      normalizeName: (name) => `${name}-x`,
      validateName: () => false,
      checkConfig: () => Promise.reject(new Error('bad options')),
      onUserDeleted: () => Promise.reject(new Error('who?')),
    };
    const failures = await failuresOf(broken);
    expect(Object.keys(failures).toSorted()).toEqual(
      [
        'says how a login begins: a form, a button or nothing (P144)',
        'looks over its own options without failing (P118)',
        'forgets a user it never heard of without failing (P116)',
        'keeps the password out of what everybody may see',
        'refuses a wrong secret with null (P102, P105)',
        'refuses missing fields with null',
        'refuses hostile names and secrets with null, and never fails over them',
        'keeps people apart who sign in at the same time',
        'normalises a name it has normalised to itself (P107)',
        'accepts the name it brought (P108)',
      ].toSorted(),
    );
  });

  it.each([
    [{ name: ' ' }, 'answers the right fields with an identity that has a name (P102)', 'not empty'],
    [
      { admin: 'yes' },
      'gives an identity that is plain JSON of the right types (P103)',
      'admin is true, false or null',
    ],
    [{ groups: [1] }, 'gives an identity that is plain JSON of the right types (P103)', 'groups are names'],
    [
      { authState: { at: new Date() } },
      'gives an identity that is plain JSON of the right types (P103)',
      'survive JSON',
    ],
  ])('one that answers %j', async (more, name, message) => {
    expect((await failuresOf(with_(more)))[name]).toContain(message);
  });

  it('one whose subject is another each time', async () => {
    const authenticate: Authenticator['authenticate'] = async (request, data) => {
      const identity = await sound.authenticate(request, data);
      return identity && { ...identity, subject: crypto.randomUUID() };
    };
    const failures = await failuresOf({ ...sound, authenticate });
    expect(Object.keys(failures)).toEqual([
      'answers the same person with the same name and subject each time',
    ]);
  });

  it('one that says neither yes nor no', async () => {
    // Types are what this exhibit breaks.
    const isAllowed = (() => 'yes') as unknown as () => boolean;
    const failures = await failuresOf({ ...sound, isAllowed });
    expect(Object.keys(failures)).toEqual(['answers questions about names with yes or no (P109–P112)']);
  });
});
