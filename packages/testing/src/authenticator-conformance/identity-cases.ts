import assert from 'node:assert/strict';
import type { Identity, JsonValue } from '@hub/core/plugin';
import type { AuthenticatorCase } from './under-test.ts';

/** Fails unless these parts of an identity are what the hub can keep (P103, P135, P137). */
export function requireSoundParts(identity: Partial<Identity>): void {
  const { admin, groups, roles, userInfo, authState, subject, providerSession } = identity;
  const isAnswer = admin === undefined || admin === null || typeof admin === 'boolean';
  assert.ok(isAnswer, 'admin is true, false or null');
  requireNames(groups, 'groups');
  requireText(subject, 'subject');
  requireText(providerSession, 'providerSession');
  for (const value of [userInfo, authState]) {
    if (value === undefined || value === null) continue;
    assert.ok(typeof value === 'object' && !Array.isArray(value), 'userInfo and authState are objects');
    assert.deepEqual(JSON.parse(JSON.stringify(value)), value, 'userInfo and authState survive JSON');
    const text = JSON.stringify(value);
    assert.ok(!text.includes('\\u0000'), 'no NUL in userInfo and authState: the database takes none');
    assert.ok(!/\\ud[89a-f]/i.test(text), 'no half characters in userInfo and authState');
  }
  for (const role of roles ?? []) {
    assert.match(role.name, /^[a-z][a-z0-9._~-]{1,253}[a-z0-9]$/, 'a role has a name the hub knows (P613)');
    const { scopes, users, groups: members, services } = role;
    requireNames(scopes, 'scopes of a role');
    requireNames(users, 'users of a role');
    requireNames(members, 'groups of a role');
    requireNames(services, 'services of a role');
  }
}

function requireNames(names: unknown, what: string): void {
  if (names === undefined || names === null) return;
  const areNames = Array.isArray(names) && names.every((name) => typeof name === 'string' && name !== '');
  assert.ok(areNames, `${what} are names`);
}

function requireText(text: JsonValue | undefined, what: string): void {
  const isText = text === undefined || text === null || (typeof text === 'string' && text !== '');
  assert.ok(isText, `${what} is text that is not empty`);
}

/** What every authenticator promises about those it lets in. */
export const identityCases: readonly AuthenticatorCase[] = [
  {
    name: 'answers the right person with an identity that has a name (P102)',
    needs: 'identity',
    async run(subject) {
      const { name } = await subject.identify();
      assert.equal(typeof name, 'string', 'the name of an identity is text');
      assert.notEqual(name.trim(), '', 'the name of an identity is not empty');
    },
  },
  {
    name: 'answers the same person with the same name and subject each time',
    needs: 'identity',
    async run(subject) {
      const first = await subject.identify();
      const second = await subject.identify();
      assert.deepEqual([second.name, second.subject], [first.name, first.subject]);
    },
  },
  {
    name: 'gives an identity that is plain JSON of the right types (P103)',
    needs: 'identity',
    async run(subject) {
      const identity = await subject.identify();
      requireSoundParts(identity);
      if (subject.managesGroups) assert.ok('groups' in identity, 'it manages groups and names none (P135)');
    },
  },
  {
    name: 'keeps secrets out of what everybody may see',
    needs: 'identity',
    async run(subject) {
      const { authState: _, ...open } = await subject.identify();
      const text = JSON.stringify(open);
      for (const secret of subject.secrets) {
        assert.ok(!text.includes(JSON.stringify(secret).slice(1, -1)), 'the identity holds a secret');
      }
    },
  },
];
