import { describe, expect, it } from 'vitest';
import type { SignInFacts } from './messages.ts';
import { type PamVerdict, verdictOf } from './verdict.ts';

const facts: SignInFacts = {
  stage: 'authenticate',
  code: 7,
  text: 'words',
  user: Buffer.from('ada'),
  account: null,
  messages: [],
  unanswered: false,
  delay: 0,
  took: 1,
};
const judge = (more: Partial<SignInFacts>): PamVerdict =>
  verdictOf({ ...facts, ...more }, 'login', (bytes) => Buffer.from(bytes).toString());

/** All that libpam can return besides success. */
const codes = Array.from({ length: 31 }, (_, code) => code + 1);

describe('a verdict', () => {
  it('is favourable only when everything was passed', () => {
    expect(judge({ stage: 'done', code: 0 })).toMatchObject({ outcome: 'accepted', user: 'ada' });
    const others = (['service', 'library', 'start', 'authenticate', 'account'] as const).flatMap((stage) =>
      [0, ...codes, 99, -1].map((code) => judge({ stage, code })),
    );
    expect(others.filter(({ outcome }) => outcome === 'accepted')).toEqual([]);
  });

  it('tells nothing about an account before the password was right', () => {
    const outcomes = new Set(codes.map((code) => judge({ code }).outcome));
    expect(outcomes).toEqual(new Set(['refused', 'broken']));
  });

  it.each([
    [12, 'password-expired'],
    [13, 'account-expired'],
    [27, 'account-expired'],
    [6, 'refused'],
    [7, 'refused'],
    [4, 'broken'],
    [9, 'broken'],
  ])('on code %i of the account part is %s', (code, outcome) => {
    expect(judge({ stage: 'account', code }).outcome).toBe(outcome);
  });

  it('on a prompt nobody could answer is a refusal, whatever the module makes of it', () => {
    for (const code of [7, 19, 20, 21, 4])
      expect(judge({ code, unanswered: true })).toMatchObject({ outcome: 'refused', reason: 'more-prompts' });
  });

  it('names the service that is broken, and libpam’s words', () => {
    expect(judge({ code: 9 })).toMatchObject({
      reason: 'system',
      message: 'The PAM service login failed: PAM authenticate: words (9).',
    });
  });
});
