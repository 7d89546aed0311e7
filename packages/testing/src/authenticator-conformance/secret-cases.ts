import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { AuthenticatorCase } from './under-test.ts';

const typed = 'conformance-typed-by-mistake-7391';

/** What every authenticator promises about what people type and operators configure. */
export const secretCases: readonly AuthenticatorCase[] = [
  {
    name: 'tells no secret in its log',
    needs: 'identity',
    async run({ identify, enter, wrong, secrets, logged }) {
      await identify();
      await enter({ ...wrong, password: typed }).catch(() => null); // what it throws is looked at by the next case
      const lines = text(logged());
      for (const secret of [...secrets, typed])
        assert.ok(!lines.includes(secret), 'a log line holds a secret');
    },
  },
  {
    name: 'tells no secret in what it throws',
    needs: 'form',
    async run({ enter, valid, wrong, secrets }) {
      const attempts = [
        { ...wrong, password: typed },
        { ...valid, username: `${typed}\0` },
        { ...valid, otp: typed },
        { password: typed },
      ];
      for (const data of attempts) {
        const thrown: unknown = await enter(data).then(
          () => null,
          (error: unknown) => error,
        );
        for (const secret of [...secrets, typed]) {
          assert.ok(!text(thrown).includes(secret), 'an error holds what was typed');
        }
      }
    },
  },
  {
    name: 'keeps no secret where anybody can look: in its own fields',
    needs: 'identity',
    async run({ authenticator, identify, enter, wrong, secrets }) {
      await identify();
      await enter({ ...wrong, password: typed }).catch(() => null); // whether it may throw is another case
      const fields = text(authenticator);
      for (const secret of [...secrets, typed]) assert.ok(!fields.includes(secret), 'a field holds a secret');
    },
  },
];

/** Everything one sees of a value, causes of errors and hidden depths included. */
function text(value: unknown): string {
  return inspect(value, { depth: 12, maxArrayLength: null, maxStringLength: null, breakLength: Infinity });
}
