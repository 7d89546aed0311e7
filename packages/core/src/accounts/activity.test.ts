import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Accounts, openAccounts } from '../../test/support/accounts.ts';

let hub: Accounts;
beforeAll(async () => {
  hub = await openAccounts();
  const ada = await hub.user('ada');
  await hub.sql`INSERT INTO servers (user_id, name, spawner) VALUES (${ada.id}, '', 'x'), (${ada.id}, 'gpu', 'x')`;
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
});

const ada = async () => {
  const user = await hub.users.get('ada');
  return {
    user: user?.lastActivity,
    servers: user?.servers.map(({ name, lastActivity }) => [name, lastActivity]),
  };
};

it('keeps microseconds, and only moves forward, for user and servers apart (R71)', async () => {
  await hub.activity.report('ada', { lastActivity: '2026-01-31T12:00:00.123456Z' });
  expect(await ada()).toEqual({
    user: '2026-01-31T12:00:00.123456Z',
    servers: [
      ['', null],
      ['gpu', null],
    ],
  });

  await hub.activity.report('ada', {
    lastActivity: '2026-01-31T12:00:00.123455Z',
    servers: { gpu: { last_activity: '2026-01-31' } },
  });
  expect(await ada()).toEqual({
    user: '2026-01-31T12:00:00.123456Z',
    servers: [
      ['', null],
      ['gpu', '2026-01-31T00:00:00Z'],
    ],
  });
});

it.each([
  [{}, 'at least one of'],
  [{ lastActivity: '', servers: {} }, 'at least one of'],
  [{ lastActivity: 'junk' }, "Not a valid timestamp: 'junk'"],
  [{ lastActivity: 17 }, 'Not a valid timestamp: 17'],
  [{ servers: ['gpu'] }, 'servers must be an object'],
  [{ servers: { zz: { last_activity: '2027-01-01' } } }, "No such server 'zz' for user ada"],
  [{ servers: { gpu: 'now' } }, "'gpu' must be an object with last_activity"],
  [{ servers: { gpu: {} } }, "'gpu' must be an object with last_activity"],
])('answers 400 to %j (R68, R69, R72)', async (report, message) => {
  await expect(hub.activity.report('ada', report)).rejects.toMatchObject({
    status: 400,
    message: expect.stringContaining(message),
  });
});

it('writes nothing when a part of the report is wrong (R72)', async () => {
  const before = await ada();
  const servers = { '': { last_activity: '2026-03-01' } };
  await expect(hub.activity.report('ada', { lastActivity: 'junk', servers })).rejects.toMatchObject({
    status: 400,
  });
  expect(await ada()).toEqual(before);
});

it('refuses more than 59 minutes ahead (R70)', async () => {
  const ahead = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
  await expect(hub.activity.report('ada', { lastActivity: ahead(60) })).rejects.toThrow(
    /an hour in the future/,
  );
  await expect(hub.activity.report('ada', { lastActivity: ahead(58) })).resolves.toBeUndefined();
});

it('answers 404 for an unknown user (R73)', async () => {
  await expect(hub.activity.report('zoe', { lastActivity: '2026-01-01' })).rejects.toMatchObject({
    status: 404,
    message: "No such user: 'zoe'",
  });
});

it('survives many reports at once from two hubs, in any order', async () => {
  const names = Array.from({ length: 40 }, (_, i) => `many-${i}`);
  await hub.users.create({ kind: 'hub', name: 'test' }, names);
  await using other = await openAccounts({ database: hub.database });
  const at = (i: number) => ({ lastActivity: `2026-05-01T00:00:${String(i % 60).padStart(2, '0')}Z` });
  await Promise.all([
    ...names.flatMap((name, i) => [hub.activity.report(name, at(i)), hub.activity.report(name, at(0))]),
    ...names.toReversed().map((name, i) => other.activity.report(name, at(names.length - 1 - i))),
  ]);
  const rows =
    await hub.sql`SELECT name, last_activity::text AS at FROM users WHERE name LIKE 'many-%' ORDER BY id`;
  expect(rows.map((row) => row.at)).toEqual(
    names.map((_, i) => `2026-05-01 00:00:${String(i % 60).padStart(2, '0')}+00`),
  );
});
