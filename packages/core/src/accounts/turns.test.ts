import { describe, expect, it } from 'vitest';
import { systemClock } from '../kernel/index.ts';
import { Turns } from './turns.ts';

const long = 60_000;

describe('turns', () => {
  it('are taken by so many at a time, and then in the order of asking', async () => {
    const turns = new Turns(systemClock);
    const [first, second] = [await turns.take('a', 2, long), await turns.take('a', 2, long)];
    const order: string[] = [];
    const third = turns.take('a', 2, long).finally(() => order.push('third'));
    const fourth = turns.take('a', 2, long).finally(() => order.push('fourth'));
    expect(await turns.take('b', 2, long)).not.toBeNull(); // another key waits for nobody
    expect(order).toEqual([]);
    second?.();
    (await third)?.();
    await fourth;
    expect(order).toEqual(['third', 'fourth']);
    first?.();
  });

  it('that do not come in time are given up, and leave their place to the next', async () => {
    const turns = new Turns(systemClock);
    const end = await turns.take('a', 1, long);
    expect(await turns.take('a', 1, 1)).toBeNull();
    const next = turns.take('a', 1, long);
    end?.();
    (await next)?.();
    expect(await turns.take('a', 1, 1)).not.toBeNull();
  });
});
