import { expect, it } from 'vitest';
import { silentLogger } from '../../test/support/silent-logger.ts';
import type { Clock } from '../plugin/index.ts';
import type { CredentialName } from './ports.ts';
import { StreamWatch } from './stream-watch.ts';

/** A watch whose looks are made by hand, over credentials that are whatever `good` says. */
function watchOver(good: Map<CredentialName, string>) {
  const asked: CredentialName[][] = [];
  let look: (() => unknown) | null = null;
  const clock = {
    every(_ms: number, work: () => unknown) {
      look = work;
      return () => {
        look = null;
      };
    },
  } as unknown as Clock; // the rest of a clock is not asked for
  let away = false;
  const watch = new StreamWatch({
    clock,
    log: silentLogger,
    sessions: {
      byToken: async () => null,
      byLogin: async () => null,
      async versions(of) {
        asked.push([...of]);
        if (away) throw new Error('no database');
        return good;
      },
    },
  });
  return {
    asked,
    fail: (value: boolean) => {
      away = value;
    },
    looks: () => look !== null,
    look: async () => look?.(),
    open(credential: CredentialName, mayStill: () => Promise<boolean> = async () => true) {
      const stream: { ended: boolean; close: () => void } = { ended: false, close: () => undefined };
      stream.close = watch.add({
        credential,
        mayStill,
        end: () => {
          stream.ended = true;
        },
      });
      return stream;
    },
  };
}

it('asks for all open streams at once, and only while there are any', async () => {
  const watch = watchOver(
    new Map([
      ['a1', '1'],
      ['l2', '1'],
    ]),
  );
  expect(watch.looks()).toBe(false);
  const one = watch.open('a1');
  const two = watch.open('l2');
  await watch.look();
  expect(watch.asked).toEqual([['a1', 'l2']]);
  one.close();
  expect(watch.looks()).toBe(true);
  two.close();
  expect(watch.looks()).toBe(false);
  expect([one.ended, two.ended]).toEqual([false, false]);
});

it('ends the streams of a credential that is gone, and no other', async () => {
  const good = new Map<CredentialName, string>([
    ['a1', '1'],
    ['a2', '1'],
  ]);
  const watch = watchOver(good);
  const streams = [watch.open('a1'), watch.open('a1'), watch.open('a2')];
  await watch.look();
  good.delete('a1');
  await watch.look();
  expect(streams.map(({ ended }) => ended)).toEqual([true, true, false]);
});

it('asks again whether somebody may only when their rights may have changed', async () => {
  const good = new Map<CredentialName, string>([['a1', '1']]);
  const watch = watchOver(good);
  let times = 0;
  let may = true;
  const stream = watch.open('a1', async () => {
    times++;
    return may;
  });
  for (let look = 0; look < 3; look++) await watch.look();
  expect(times).toBe(1);
  good.set('a1', '2');
  await watch.look();
  expect([times, stream.ended]).toEqual([2, false]);
  may = false;
  good.set('a1', '3');
  await watch.look();
  expect(stream.ended).toBe(true);
});

it('leaves streams alone while there is nobody to ask', async () => {
  const good = new Map<CredentialName, string>([['a1', '1']]);
  const watch = watchOver(good);
  const stream = watch.open('a1');
  watch.fail(true);
  await watch.look();
  expect(stream.ended).toBe(false);
  watch.fail(false);
  good.delete('a1');
  await watch.look();
  expect(stream.ended).toBe(true);
});
