import { expect, it } from 'vitest';
import { systemClock } from '../kernel/index.ts';
import { GroupCommit } from './group-commit.ts';

it('writes everything that gathered in one statement, and answers after it', async () => {
  const batches: number[][] = [];
  const group = new GroupCommit<number>({
    clock: systemClock,
    waitMs: 20,
    write: async (items) => void batches.push([...items]),
  });
  await Promise.all([group.add(1), group.add(2), group.add(3)]);
  expect(batches).toEqual([[1, 2, 3]]);
  await group.add(4);
  expect(batches).toEqual([[1, 2, 3], [4]]);
});

it('runs one statement at a time', async () => {
  let running = 0;
  let most = 0;
  const group = new GroupCommit<number>({
    clock: systemClock,
    waitMs: 1,
    write: async () => {
      most = Math.max(most, ++running);
      await systemClock.sleep(10);
      running--;
    },
  });
  const done: Promise<void>[] = [];
  for (let i = 0; i < 10; i++) {
    done.push(group.add(i));
    await systemClock.sleep(3);
  }
  await Promise.all(done);
  expect(most).toBe(1);
});

it('tells those whose statement failed, and goes on', async () => {
  let fails = true;
  const group = new GroupCommit<number>({
    clock: systemClock,
    waitMs: 1,
    write: async () => {
      if (fails) throw new Error('no database');
    },
  });
  await expect(group.add(1)).rejects.toThrow('no database');
  fails = false;
  await expect(group.add(2)).resolves.toBeUndefined();
});

it('writes at once what waits when the hub stops', async () => {
  const group = new GroupCommit<number>({ clock: systemClock, waitMs: 60_000, write: async () => {} });
  const added = group.add(1);
  await group.drain();
  await expect(added).resolves.toBeUndefined();
});
