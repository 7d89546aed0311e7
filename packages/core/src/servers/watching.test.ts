import { expect, it } from 'vitest';
import type { ServersContext } from './context.ts';
import { Watch } from './watching.ts';

/** How many seconds a round over all servers takes, when the dice say so. */
async function secondsPerRound(options: { pollInterval: number; pollJitter: number }, dice: number) {
  const seconds = 600;
  let now = 0;
  let looks = 0;
  const parts = {
    clock: { monotonic: () => now },
    ids: { integer: (min: number, max: number) => min + Math.round((max - min) * dice) },
    run: { id: 'a', host: 'here' },
    spawners: { all: [{ id: 'one', driver: {}, options }] },
    servers: {
      readyServers: async () => {
        looks += 1;
        return [];
      },
    },
  };
  // All that a look at no servers asks for.
  const watch = new Watch(parts as unknown as ServersContext, async () => undefined);
  for (; now < seconds * 1000; now += 50) await watch.tick();
  const slices = Math.max(1, Math.min(10, Math.floor(options.pollInterval)));
  return (seconds * slices) / looks;
}

it.each([
  [30, 0.1, 0, 25.5, 27.1],
  [30, 0.1, 0.5, 28.5, 30.1],
  [30, 0.1, 1, 31.5, 33.1],
  [30, 0, 1, 28.5, 30.1],
  [5, 1, 1, 9.4, 10.1],
])(
  'an interval of %i s with a jitter of %d lasts as long as the dice (%d) say: %d to %d s (P250)',
  async (pollInterval, pollJitter, dice, least, most) => {
    const taken = await secondsPerRound({ pollInterval, pollJitter }, dice);
    expect(taken).toBeGreaterThanOrEqual(least);
    expect(taken).toBeLessThanOrEqual(most);
  },
);
