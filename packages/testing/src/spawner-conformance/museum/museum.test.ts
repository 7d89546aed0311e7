import { describe, expect, it } from 'vitest';
import { spawnerConformance } from '../suite.ts';
import { createEngine } from './engine.ts';
import { failuresOf } from './failures.ts';
import { givenExhibits } from './given-exhibits.ts';
import { methodExhibits } from './method-exhibits.ts';
import { soundSpawner } from './sound-spawner.ts';
import { startExhibits } from './start-exhibits.ts';
import { watchExhibits } from './watch-exhibits.ts';

it('a spawner that keeps every promise passes', async () => {
  expect(await failuresOf(() => ({}))).toEqual({});
});

describe('the suite finds, by exactly these cases, a spawner that', () => {
  for (const { mistake, spoil, found } of [
    ...startExhibits,
    ...givenExhibits,
    ...watchExhibits,
    ...methodExhibits,
  ]) {
    it(mistake, async () => {
      const failures = await failuresOf(spoil);
      const messages = Object.entries(found).map(([name, part]) => [name, expect.stringContaining(part)]);
      expect(failures).toEqual(Object.fromEntries(messages));
    });
  }
});

it('finds a spawner that answers with an address without a scheme', async () => {
  const failures = await failuresOf((sound) => ({
    start: async (launch) => new URL(await sound.start(launch)).host,
  }));
  expect(Object.keys(failures)[0]).toMatch(/^P201/);
  for (const message of Object.values(failures)) expect(message).toMatch(/^Not an http origin: 127/);
});

it('shows what is not supported as skipped, with the reason', () => {
  const skipped: string[] = [];
  const recorder = Object.assign(() => {}, { skip: (name: string) => skipped.push(name) });
  const factory = () => ({ spawner: soundSpawner(createEngine(), []) as never });
  spawnerConformance(recorder, factory, { supports: { options: false, pollAll: false } });
  expect(skipped).toEqual([
    'P231, P232: what this launch wants counts more than what is configured [not supported: options]',
    'P811: pollAll answers for each server asked about [not supported: pollAll]',
    'P811: pollAll agrees with poll, whatever became of a server [not supported: pollAll]',
    'P811: pollAll asked about nothing answers nothing [not supported: pollAll]',
  ]);
});
