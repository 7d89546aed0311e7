import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../testing/src/index.ts';
import type { Logger } from '../plugin/index.ts';
import type { IdentityAge } from './identity-ports.ts';
import { RefreshTroubles } from './refresh-troubles.ts';

const down = new Error('down');
const of = (subject: string, age = 400, authenticator = 'github'): IdentityAge => ({
  authenticator,
  subject,
  age,
  refreshedAt: '2026-01-01T00:00:00Z',
});

function open() {
  const warnings: object[] = [];
  const log: Logger = {
    trace() {},
    debug() {},
    info() {},
    error() {},
    warn: (fields) => void warnings.push(fields),
    child: () => log,
  };
  const clock = fakeClock();
  return { clock, warnings, troubles: new RefreshTroubles({ clock, log }) };
}

describe('troubles of refreshing', () => {
  it('keep a "no" and a silence for half a minute by the age of the word, and no longer', () => {
    const { troubles } = open();
    troubles.answered(of('ada'), 'expired');
    troubles.failed(of('bob'), 'bob', down);
    expect(troubles.outcomeOf(of('ada', 429))).toBe('expired');
    expect(troubles.outcomeOf(of('bob', 429))).toBe('not asked');
    expect(troubles.outcomeOf(of('ada', 430))).toBeNull();
    expect(troubles.outcomeOf(of('bob', 430))).toBeNull();
    expect(troubles.outcomeOf(of('ada', 400, 'gitlab'))).toBeNull();
  });

  it('end with a newer word, such as of a sign-in, and with a "yes"', () => {
    const { troubles } = open();
    troubles.answered(of('ada'), 'expired');
    expect(troubles.outcomeOf({ ...of('ada', 1), refreshedAt: '2026-01-01T00:00:09Z' })).toBeNull();
    troubles.answered(of('ada'), 'current');
    expect(troubles.outcomeOf(of('ada', 401))).toBeNull();
  });

  it('of several people in a row give the authenticator a rest; others go on', async () => {
    const { troubles, clock } = open();
    troubles.failed(of('ada'), 'ada', down);
    troubles.failed(of('ada'), 'ada', down);
    expect(troubles.outcomeOf(of('kim'))).toBeNull();
    troubles.failed(of('bob'), 'bob', down);
    expect(troubles.outcomeOf(of('kim'))).toBe('not asked');
    expect(troubles.outcomeOf(of('kim', 400, 'gitlab'))).toBeNull();
    await clock.advance(9);
    expect(troubles.outcomeOf(of('kim'))).toBe('not asked');
    await clock.advance(2);
    expect(troubles.outcomeOf(of('kim'))).toBeNull();
    troubles.answered(of('kim'), 'current');
    troubles.failed(of('joe'), 'joe', down);
    expect(troubles.outcomeOf(of('kim'))).toBeNull();
  });

  it('are told once a minute for each authenticator', async () => {
    const { troubles, clock, warnings } = open();
    for (const name of ['ada', 'bob', 'kim']) troubles.failed(of(name), name, down);
    troubles.failed(of('ada', 400, 'gitlab'), 'ada', down);
    expect(warnings).toEqual([
      { err: down, authenticator: 'github', user: 'ada' },
      { err: down, authenticator: 'gitlab', user: 'ada' },
    ]);
    await clock.advance(61);
    troubles.failed(of('ada'), 'ada', down);
    expect(warnings).toHaveLength(3);
  });
});
