import { describe, expect, it } from 'vitest';
import { couldNotRun, exitOfChild, exitOfStatus, exitUnseen } from './process-exit.ts';

describe('an exit', () => {
  it('P304: has minus the number of the signal as its code, whoever tells it', () => {
    const killed = { code: -9, signal: 'SIGKILL' };
    expect(exitOfChild(null, 'SIGKILL')).toEqual(killed);
    expect(exitOfStatus(137)).toEqual(killed);
    expect(exitOfChild(3, null)).toEqual({ code: 3 });
    expect(exitOfStatus(3)).toEqual({ code: 3 });
  });

  it('stays a status where no signal has the number', () => {
    expect(exitOfStatus(128)).toEqual({ code: 128 });
    expect(exitOfStatus(255)).toEqual({ code: 255 });
  });

  it('P306: nobody saw is no failure, and says so', () => {
    expect(exitUnseen(4711)).toEqual({ code: 0, reason: expect.stringContaining('4711') });
    expect(exitUnseen(null)).toMatchObject({ code: 0 });
  });

  it('tells of a file that could not be run', () => {
    expect([126, 127, 125, 0].map((code) => couldNotRun({ code }))).toEqual([true, true, false, false]);
  });
});
