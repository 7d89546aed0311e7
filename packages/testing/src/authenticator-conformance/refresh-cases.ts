import assert from 'node:assert/strict';
import type { Identity, JsonObject, RefreshFacts, UserView } from '@hub/core/plugin';
import { requireSoundParts } from './identity-cases.ts';
import { userNamed } from './request.ts';
import type { AuthenticatorCase, Subject } from './under-test.ts';
import { within } from './within.ts';

function refresh(
  { authenticator, limitSeconds }: Subject,
  user: UserView,
  authState: JsonObject | null,
  facts: RefreshFacts,
): Promise<unknown> {
  return within(limitSeconds, 'refresh', () =>
    authenticator.refresh?.(user, authState, Object.freeze(facts)),
  );
}

/** What a refresh promises (P125–P128). */
export const refreshCases: readonly AuthenticatorCase[] = [
  {
    name: 'still knows who has just come, or says what changed (P126)',
    needs: 'refresh',
    async run(subject) {
      const identity = await subject.identify();
      const { name, authState } = identity;
      let kept = asKept(authState);
      for (const forced of [false, true]) {
        const answer = await refresh(subject, userNamed(name), kept, {
          subject: identity.subject ?? name,
          forced,
        });
        assert.notEqual(answer, false, 'somebody who has just come is known no more');
        requireAnswer(subject, answer, identity);
        // A provider may give a new token with each answer, and take the old one no more.
        if (isChange(answer) && answer.authState !== undefined) kept = asKept(answer.authState);
      }
    },
  },
  {
    name: 'answers also where the hub kept nothing (P126)',
    needs: 'refresh',
    async run(subject) {
      const identity = await subject.identify();
      const { name, subject: who = name } = identity;
      const answer = await refresh(subject, userNamed(name), null, { subject: who, forced: false });
      requireAnswer(subject, answer, identity);
    },
  },
  {
    name: 'answers for several at once (P125)',
    needs: 'refresh',
    async run(subject) {
      const identity = await subject.identify();
      const { name, authState, subject: who = name } = identity;
      const kept = asKept(authState);
      const answers = await Promise.all(
        Array.from({ length: 5 }, () =>
          refresh(subject, userNamed(name), kept, { subject: who, forced: false }),
        ),
      );
      for (const answer of answers) requireAnswer(subject, answer, identity);
    },
  },
];

function requireAnswer({ managesGroups }: Subject, answer: unknown, before: Identity): void {
  if (typeof answer === 'boolean') return;
  assert.ok(isChange(answer), 'refresh answers true, false or what changed');
  requireSoundParts(answer);
  const { subject = before.subject } = answer;
  assert.equal(subject, before.subject, 'a refresh makes nobody somebody else');
  if (managesGroups) assert.ok('groups' in answer, 'it manages groups and a refresh names none (P126)');
}

function isChange(answer: unknown): answer is Partial<Identity> {
  return typeof answer === 'object' && answer !== null;
}

/** What the hub keeps is JSON. */
function asKept(authState: Identity['authState']): JsonObject | null {
  return authState ? JSON.parse(JSON.stringify(authState)) : null;
}
