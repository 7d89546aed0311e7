import assert from 'node:assert/strict';
import { hostileTexts, possibleNames } from './hostile.ts';
import type { AuthenticatorCase, Subject } from './under-test.ts';
import { within } from './within.ts';

/** As the hub does it: lower case unless the plugin says otherwise (P107). */
async function normalised({ authenticator, limitSeconds }: Subject, name: string): Promise<string> {
  if (!authenticator.normalizeName) return name.toLowerCase();
  const normal: unknown = await within(limitSeconds, 'normalizeName', () =>
    authenticator.normalizeName?.(name),
  );
  assert.equal(typeof normal, 'string', `normalizeName answers with text, also for ${shown(name)}`);
  return String(normal);
}

const shown = (name: string) => JSON.stringify(name.slice(0, 20));

/** What every authenticator promises about names. */
export const nameCases: readonly AuthenticatorCase[] = [
  {
    name: 'answers questions about names with yes or no (P109–P112)',
    async run({ authenticator, limitSeconds }) {
      const ask = <T>(what: string, work: () => T | Promise<T>) => within(limitSeconds, what, work);
      for (const name of possibleNames) {
        const identity = Object.freeze({ name });
        const blocked: unknown = await ask('isBlocked', () => authenticator.isBlocked?.(name, identity));
        const allowed: unknown = await ask('isAllowed', () => authenticator.isAllowed?.(name, identity));
        const admin: unknown = await ask('isAdmin', () => authenticator.isAdmin?.(name, identity));
        const of = `for ${shown(name)}`;
        assert.ok(
          blocked === undefined || typeof blocked === 'boolean',
          `isBlocked answers true or false ${of}`,
        );
        assert.ok(
          allowed === undefined || typeof allowed === 'boolean',
          `isAllowed answers true or false ${of}`,
        );
        const isAnswer = admin === undefined || admin === null || typeof admin === 'boolean';
        assert.ok(isAnswer, `isAdmin answers true, false or null ${of}`);
      }
    },
  },
  {
    name: 'normalises whatever comes, and what it normalised to itself (P107)',
    async run(subject) {
      for (const name of ['Ada', 'ada', 'ADA@EXAMPLE.EDU', ...hostileTexts]) {
        const once = await normalised(subject, name);
        assert.equal(await normalised(subject, once), once, `the second time differs for ${shown(name)}`);
      }
    },
  },
  {
    name: 'says of every name at once whether it accepts it, the same each time (P108)',
    async run({ authenticator }) {
      for (const name of [...possibleNames, ...hostileTexts]) {
        const first: unknown = authenticator.validateName?.(name);
        assert.ok(
          first === undefined || typeof first === 'boolean',
          `validateName answers for ${shown(name)}`,
        );
        assert.equal(
          authenticator.validateName?.(name),
          first,
          `the second answer differs for ${shown(name)}`,
        );
      }
    },
  },
  {
    name: 'accepts the name it brought (P108)',
    needs: 'identity',
    async run(subject) {
      const { name } = await subject.identify();
      const normal = await normalised(subject, name);
      assert.equal(await normalised(subject, normal), normal, 'the second time differs');
      assert.equal(subject.authenticator.validateName?.(normal) ?? true, true, 'its own name is none to it');
    },
  },
];
