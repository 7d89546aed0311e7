import assert from 'node:assert/strict';
import type { Identity } from '@hub/core/plugin';
import { formPost } from './request.ts';
import type { AuthenticatorCase, Subject } from './under-test.ts';

async function enter(
  { authenticator }: Pick<Subject, 'authenticator'>,
  data: Readonly<Record<string, string>>,
) {
  return authenticator.authenticate(formPost, Object.freeze({ ...data }));
}

async function enterRight(subject: Subject): Promise<Identity> {
  const identity = await enter(subject, subject.valid);
  assert.ok(identity, 'the fields given as valid were refused');
  return identity;
}

const hostile: readonly string[] = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '__proto__',
  '../..',
  '%00',
  "' OR 1=1 --",
  'x'.repeat(1_000_000),
];

/** What every authenticator with a form promises. */
export const formCases: readonly AuthenticatorCase[] = [
  {
    name: 'answers the right fields with an identity that has a name (P102)',
    needs: 'form',
    async run(subject) {
      const { name } = await enterRight(subject);
      assert.equal(typeof name, 'string', 'the name of an identity is text');
      assert.notEqual(name.trim(), '', 'the name of an identity is not empty');
    },
  },
  {
    name: 'answers the same person with the same name and subject each time',
    needs: 'form',
    async run(subject) {
      const first = await enterRight(subject);
      const second = await enterRight(subject);
      assert.deepEqual([second.name, second.subject], [first.name, first.subject]);
    },
  },
  {
    name: 'gives an identity that is plain JSON of the right types (P103)',
    needs: 'form',
    async run(subject) {
      const { admin, groups, userInfo, authState, subject: who } = await enterRight(subject);
      assert.ok(
        admin === undefined || admin === null || typeof admin === 'boolean',
        'admin is true, false or null',
      );
      const areNames = groups?.every((group) => typeof group === 'string' && group !== '') ?? true;
      assert.ok(areNames, 'groups are names');
      assert.ok(
        who === undefined || (typeof who === 'string' && who !== ''),
        'subject is text that is not empty',
      );
      for (const value of [userInfo, authState]) {
        if (value === undefined || value === null) continue;
        assert.equal(typeof value, 'object', 'userInfo and authState are objects');
        assert.deepEqual(JSON.parse(JSON.stringify(value)), value, 'userInfo and authState survive JSON');
      }
    },
  },
  {
    name: 'keeps the password out of what everybody may see',
    needs: 'form',
    async run(subject) {
      const { authState: _, ...open } = await enterRight(subject);
      const { password } = subject.valid;
      if (password) assert.ok(!JSON.stringify(open).includes(password), 'the identity holds the password');
    },
  },
  {
    name: 'refuses a wrong secret with null (P102, P105)',
    needs: 'refusal',
    async run(subject) {
      assert.equal(await enter(subject, subject.wrong), null, 'a wrong secret is answered with null');
    },
  },
  {
    name: 'refuses missing fields with null',
    needs: 'refusal',
    async run(subject) {
      assert.equal(await enter(subject, {}), null, 'no fields at all');
      for (const field of Object.keys(subject.valid)) {
        if (field === 'username') continue;
        const { [field]: _, ...rest } = subject.valid;
        assert.equal(await enter(subject, rest), null, `without ${field}`);
        assert.equal(await enter(subject, { ...rest, [field]: '' }), null, `with an empty ${field}`);
      }
    },
  },
  {
    name: 'refuses hostile names and secrets with null, and never fails over them',
    needs: 'refusal',
    async run(subject) {
      for (const text of hostile) {
        for (const field of Object.keys(subject.wrong)) {
          const answer = await enter(subject, { ...subject.wrong, [field]: text });
          assert.equal(answer, null, `${field} ${JSON.stringify(text.slice(0, 20))}`);
        }
      }
    },
  },
  {
    name: 'keeps people apart who sign in at the same time',
    needs: 'refusal',
    async run(subject) {
      const { name } = await enterRight(subject);
      const tries = Array.from({ length: 20 }, (_, i) =>
        enter(subject, i % 2 ? subject.wrong : subject.valid),
      );
      const names = (await Promise.all(tries)).map((identity) => identity?.name ?? null);
      assert.deepEqual(
        names,
        Array.from({ length: 20 }, (_, i) => (i % 2 ? null : name)),
      );
    },
  },
  {
    name: 'normalises a name it has normalised to itself (P107)',
    needs: 'form',
    async run(subject) {
      const { normalizeName } = subject.authenticator;
      if (!normalizeName) return assert.equal(normalizeName, undefined);
      const { name } = await enterRight(subject);
      const once = await subject.authenticator.normalizeName?.(name);
      assert.equal(typeof once, 'string', 'normalizeName answers with text');
      assert.equal(await subject.authenticator.normalizeName?.(once ?? ''), once);
    },
  },
  {
    name: 'accepts the name it brought (P108)',
    needs: 'form',
    async run(subject) {
      const { authenticator } = subject;
      const { name } = await enterRight(subject);
      const normal = (await authenticator.normalizeName?.(name)) ?? name.toLowerCase();
      assert.equal(authenticator.validateName?.(normal) ?? true, true);
    },
  },
];
