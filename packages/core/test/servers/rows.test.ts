import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchKey, type ServerRecord } from '../../src/servers/index.ts';
import { Database } from '../../src/storage/database.ts';
import { postgresUnitOfWork } from '../../src/storage/postgres-unit-of-work.ts';
import { purgeEvents } from '../../src/storage/servers/event-rows.ts';
import { postgresServers } from '../../src/storage/servers/index.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { silentLogger } from '../support/silent-logger.ts';

describe('rows of servers', () => {
  let database: TestDatabase;
  let db: Database;
  let repository: ReturnType<typeof postgresServers>;
  let users = 0;
  beforeAll(async () => {
    database = await testDatabase();
    db = new Database(database.connection, silentLogger);
    repository = postgresServers(db);
    for (const id of ['hub-a', 'hub-b']) {
      await db.client`INSERT INTO hubs (id, host, place, pid, process_start, version, listen_url, connect_url,
        started_at, lease_until) VALUES (${id}, ${id}, 'here', 1, '1', '1', 'http://a', 'http://a', now(), now())`;
    }
  });
  afterAll(async () => {
    await db.close();
    await database.drop();
  });

  async function server(phase: ServerRecord['phase'] = 'stopped'): Promise<ServerRecord> {
    const name = `u${++users}`;
    const [user] = await db.client<{ id: string }[]>`INSERT INTO users (name) VALUES (${name}) RETURNING id`;
    const row = await repository.ensure(Number(user?.id), '', { displayName: '', spawner: 'fake' });
    const changed = await repository.change(row, {
      phase,
      ...(phase === 'ready' ? { target: 'http://x' } : {}),
    });
    if (!changed) throw new Error('nobody else is here');
    return changed;
  }

  it('change for the owner of the fence alone, in the phase it saw', async () => {
    const old = await server('starting');
    const claimed = await repository.change(old, { owner: 'hub-b' }, { raiseFence: true });
    expect(claimed?.fence).toBe(old.fence + 1);
    expect(await repository.change(old, { state: { pid: 1 } })).toBeNull();
    expect(
      await repository.change({ ...old, fence: old.fence + 1, phase: 'ready' }, { state: {} }),
    ).toBeNull();
    expect((await repository.byId(old.id))?.state).toBeNull();
  });

  it('tell their story for the owner of the fence alone, and the same batch twice is no mistake', async () => {
    const row = await server('starting');
    const events = [{ message: 'one' }, { message: 'two' }];
    expect(await repository.appendEvents(row, 2, events)).toBe(true);
    expect(await repository.appendEvents(row, 2, events)).toBe(true);
    expect(await repository.appendEvents({ ...row, fence: row.fence + 1 }, 4, [{ message: 'no' }])).toBe(
      false,
    );
    const told = await repository.eventsSince(row.id, row.attempt, -1);
    expect(told.map(({ seq, event }) => [seq, event.message])).toEqual([
      [2, 'one'],
      [3, 'two'],
    ]);
  });

  it('tell the last sentences of an attempt with their times, and forget attempts before one', async () => {
    const first = await server('starting');
    await repository.appendEvents(first, 0, [{ message: 'old' }]);
    const row = await repository.change(first, { attempt: first.attempt + 1 });
    if (!row) throw new Error('nobody else is here');
    await repository.appendEvents(row, 0, [
      { message: 'one' },
      { progress: 5 },
      { message: 'two' },
      { message: 'three' },
    ]);
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(await repository.story(row.id, row.attempt, 2)).toEqual([
      { at, message: 'two' },
      { at, message: 'three' },
    ]);
    expect(await repository.story(row.id, first.attempt, 2)).toEqual([{ at, message: 'old' }]);
    await repository.clearEvents(row.id, row.attempt);
    expect(await repository.story(row.id, first.attempt, 2)).toEqual([]);
    expect(await repository.story(row.id, row.attempt, 9)).toHaveLength(3);
  });

  it('lose their story after so many days, but not while a start is pending', async () => {
    const rows = await Promise.all([server('queued'), server('stopped'), server('stopped')]);
    for (const row of rows) await repository.appendEvents(row, 0, [{ message: 'told' }]);
    const [pending, over, fresh] = rows;
    await db.client`UPDATE server_events SET at = hub_now() - interval '31 days'
      WHERE server_id IN (${pending?.id ?? 0}, ${over?.id ?? 0})`;
    expect(await purgeEvents(db, 30)).toBe(1);
    const left = await Promise.all([pending, over, fresh].map((row) => repository.story(row?.id ?? 0, 0, 9)));
    expect(left.map((story) => story.length)).toEqual([1, 0, 1]);
  });

  it('leave the queue in order and never above the limit, however many hubs look at once', async () => {
    const queued = [];
    for (let index = 0; index < 12; index++) {
      const row = await server();
      queued.push(
        await repository.change(row, { phase: 'queued', queuedAt: `2026-01-01T00:00:${20 - index}Z` }),
      );
    }
    const before = await repository.counts();
    const limit = before.starting + 5;
    const work = postgresUnitOfWork(db, silentLogger);
    const by = (owner: string) => ({ owner, spawners: ['fake'] });
    const takes = ['hub-a', 'hub-b', 'hub-a', 'hub-b', 'hub-a', 'hub-b'].map((owner) =>
      work.run(null, () => repository.takeFromQueue(by(owner), limit)),
    );
    const taken = (await Promise.all(takes)).flat();
    expect(taken.map(({ id }) => id)).toEqual(
      queued
        .slice(-5)
        .map((row) => row?.id)
        .reverse(),
    );
    expect((await repository.counts()).starting).toBe(limit);
  });

  it('are claimed when their owner is gone, by the hubs of their machine where that counts', async () => {
    const bound = await repository.change(await server('stopping'), { owner: 'hub-a', host: 'hub-a' });
    const free = await repository.change(await server('stopping'), { owner: null });
    const claim = (host: string, hostBound: string[]) =>
      repository.claimAbandoned({ owner: 'hub-b', host, spawners: ['fake'], hostBound });
    const elsewhere = (await claim('hub-b', ['fake'])).map(({ id }) => id);
    expect(elsewhere).toContain(free?.id);
    expect(elsewhere).not.toContain(bound?.id);
    expect((await claim('hub-a', ['fake'])).map(({ id, fence }) => [id, fence])).toContainEqual([
      bound?.id,
      (bound?.fence ?? 0) + 1,
    ]);
  });

  it('own a launch key while that attempt is theirs', async () => {
    const ready = await server('ready');
    const stopped = await server();
    const keys = [launchKey(ready), `${ready.id}-99`, launchKey(stopped), 'nonsense'];
    expect(await repository.currentKeys(keys)).toEqual(new Set([launchKey(ready)]));
  });
});
