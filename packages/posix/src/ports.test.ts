import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { type PortReservation, reservePort } from './ports.ts';

it('never gives a port twice in a burst', async () => {
  const given: PortReservation[] = [];
  // One after another, because the system gives no port twice while it is bound. A thousand draws of some 28,000
  // ports repeat about 17 times.
  for (let count = 0; count < 1000; count += 1) given.push(await reservePort('127.0.0.1'));
  expect(new Set(given.map(({ port }) => port)).size).toBe(1000);
  for (const reservation of given) reservation.release();
});

it('stays within a range, skips what is taken, and says when the range is used up', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const from = typeof address === 'object' && address ? address.port : 0;
  try {
    await expect(reservePort('127.0.0.1', { from, to: from })).rejects.toThrow(`among ${from} to ${from}`);
  } finally {
    taken.close();
    await once(taken, 'close');
  }
  const reservation = await reservePort('127.0.0.1', { from, to: from });
  expect(reservation.port).toBe(from);
  await expect(reservePort('127.0.0.1', { from, to: from })).rejects.toThrow('No free port');
  reservation.release();
  expect((await reservePort('127.0.0.1', { from, to: from })).port).toBe(from);
});

it('tells an address this machine does not have', async () => {
  await expect(reservePort('192.0.2.1')).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
});
