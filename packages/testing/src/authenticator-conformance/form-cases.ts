import assert from 'node:assert/strict';
import { hostileTexts } from './hostile.ts';
import type { AuthenticatorCase, Subject } from './under-test.ts';

/** Fields that are secrets, as far as their names tell. */
const secretFields = ['password', 'otp'];

interface Attempt {
  readonly what: string;
  readonly data: Readonly<Record<string, string>>;
}

/** All at once: many an authenticator takes its time over a refusal. */
async function requireRefused(enter: Subject['enter'], attempts: readonly Attempt[]): Promise<void> {
  const answers = await Promise.allSettled(attempts.map(({ data }) => enter(data)));
  for (const [i, answer] of answers.entries()) {
    const what = attempts[i]?.what ?? '';
    if (answer.status === 'rejected') assert.fail(`it failed over ${what}: ${String(answer.reason)}`);
    assert.equal(answer.value, null, what);
  }
}

/** What every authenticator with a form promises. */
export const formCases: readonly AuthenticatorCase[] = [
  {
    name: 'has a form for the fields it is given',
    needs: 'form',
    async run({ authenticator: { login }, valid }) {
      assert.ok('form' in login, 'it has no form: declare `supports: { form: false }`');
      const names = login.form.fields.map((field) => (typeof field === 'string' ? field : field.name));
      const html = login.form.html ?? '';
      for (const field of Object.keys(valid)) {
        assert.ok(
          names.includes(field) || html.includes(`name="${field}"`),
          `the form has no field ${field}`,
        );
      }
    },
  },
  {
    name: 'refuses a wrong secret with null (P102, P105)',
    needs: 'refusal',
    async run({ enter, wrong }) {
      assert.equal(await enter(wrong), null, 'a wrong secret is answered with null');
    },
  },
  {
    name: 'refuses missing fields with null',
    needs: 'refusal',
    async run({ enter, valid }) {
      const fields = Object.keys(valid).filter((field) => field !== 'username');
      await requireRefused(enter, [
        { what: 'no fields at all', data: {} },
        ...fields.flatMap((field) => {
          const { [field]: _, ...rest } = valid;
          return [
            { what: `without ${field}`, data: rest },
            { what: `with an empty ${field}`, data: { ...rest, [field]: '' } },
          ];
        }),
      ]);
    },
  },
  {
    name: 'takes a secret as it was typed: with blanks around it is another one (P106)',
    needs: 'refusal',
    async run({ enter, valid }) {
      const attempts = secretFields.flatMap((field) => {
        const secret = valid[field];
        if (secret === undefined) return [];
        const others = [` ${secret}`, `${secret} `, `${secret}\n`];
        return others.map((other) => ({ what: `${field} was trimmed`, data: { ...valid, [field]: other } }));
      });
      await requireRefused(enter, attempts);
    },
  },
  {
    name: 'refuses hostile names and secrets with null, and never fails over them',
    needs: 'refusal',
    async run({ enter, wrong }) {
      const fields = Object.keys(wrong);
      const attempts = hostileTexts.flatMap((text) =>
        fields.map((field) => ({
          what: `${field} ${JSON.stringify(text.slice(0, 20))}`,
          data: { ...wrong, [field]: text },
        })),
      );
      await requireRefused(enter, attempts);
    },
  },
  {
    name: 'does not take one field for the other',
    needs: 'refusal',
    async run({ enter, valid, wrong }) {
      for (const field of secretFields) {
        if (valid[field] === undefined || valid[field] === valid.username) continue;
        const swapped = { ...wrong, username: valid[field] ?? '', [field]: valid.username ?? '' };
        assert.equal(await enter(swapped), null, `${field} and username changed places`);
      }
    },
  },
  {
    name: 'keeps people apart who sign in at the same time',
    needs: 'refusal',
    async run({ enter, identify, valid, wrong }) {
      const { name } = await identify();
      const tries = Array.from({ length: 20 }, (_, i) => enter(i % 2 ? wrong : valid));
      const names = (await Promise.all(tries)).map((identity) => identity?.name ?? null);
      assert.deepEqual(
        names,
        Array.from({ length: 20 }, (_, i) => (i % 2 ? null : name)),
      );
    },
  },
];
