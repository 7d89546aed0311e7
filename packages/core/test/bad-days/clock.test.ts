import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { machineReason, mayChangeMachine } from '../../../posix/test/support/test-machine.ts';
import { unreachable } from '../../../spawner-sudo/test/support/sudo-machine.ts';
import { until } from '../../../testing/src/index.ts';
import { HubGroup } from '../several-hubs/hub-child.ts';
import { BadDay, processesOf } from './support/bad-day.ts';

/** Lies about the time of day, and lets the monotonic clock alone. */
const library = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/faketime/libfaketime.so.1`;
const jumps = ['+1d', '-1h'] as const;

it('a clock of the hub that jumps while servers run, start and stop changes nothing for them', async ({
  skip,
}) => {
  skip(!mayChangeMachine, machineReason);
  const reason = await unreachable();
  skip(reason !== null, reason ?? '');
  skip(!existsSync(library), 'only when the package faketime is installed');
  const folder = await mkdtemp(join(tmpdir(), 'hub-clock-'));
  const clock = join(folder, 'clock');
  await writeFile(clock, '+0\n');
  try {
    await using day = await BadDay.make('local', { spawner: { interruptTimeout: 3 } });
    await day.start([], {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    });
    const runs = await day.user();
    await day.startServer(runs);
    await day.comesTo('ready', runs);
    const [pid] = day.servers(runs);
    for (const jump of jumps) {
      const [starts, stops] = [await day.user(), await day.user()];
      await day.startServer(stops);
      await day.comesTo('ready', stops);
      await day.hold('mute', starts);
      await day.startServer(starts);
      await until(() => day.servers(starts).length === 1, 60);
      await day.hold('stubborn', stops);
      await day.stopServer(stops);
      await writeFile(clock, `${jump}\n`);

      expect(await day.phase(starts)).toBe('spawn');
      await day.letGo('mute', starts);
      await day.comesTo('ready', starts);
      await day.comesTo('stopped', stops);
      expect([jump, processesOf(stops)]).toEqual([jump, []]);
      expect(day.servers(runs)).toEqual([pid]);
      expect((await day.visit(`/user/${runs.name}/`)).status).toBe(200);
      await day.stopServer(starts);
      await day.comesTo('stopped', starts);
    }
    expect(day.said).not.toMatch(/lease not renewed|taken over|start failed/);
    await day.stopServer(runs);
    await day.comesTo('stopped', runs);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 240_000);

describe('a clock of the database that jumps while hubs hold their leases', () => {
  it('loses no start, leaves no second server, and leaves nobody in charge who is gone', async () => {
    await using group = await HubGroup.make({ launchMs: 1_500 });
    const { sql, machine } = group;
    const shift = (hours: number) => sql`UPDATE shifted.shift SET hours = ${hours}`;
    await sql.unsafe(`
      CREATE SCHEMA shifted;
      CREATE TABLE shifted.shift AS SELECT 0.0::float AS hours;
      CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        $$ SELECT pg_catalog.clock_timestamp() + (SELECT hours FROM shifted.shift) * interval '1 hour' $$;
      DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET search_path = shifted, pg_catalog, public', current_database());
      END $$`);
    const a = await group.start('a');
    const b = await group.start('b');
    const [row] =
      await sql`SELECT pg_catalog.max(lease_until) > pg_catalog.clock_timestamp() AS fresh FROM hubs`;
    expect(row).toMatchObject({ fresh: true });
    const names = Array.from({ length: 8 }, (_, index) => `user-${index}`);
    await a.api('POST', '/users', { usernames: names });
    const isReady = async (name: string) => (await b.api('GET', `/users/${name}/server`)).json.ready === true;

    for (const [turn, hours] of [24, -1].entries()) {
      const some = names.slice(turn * 2, turn * 2 + 2);
      await Promise.all(some.map((name, index) => [a, b][index % 2]?.api('POST', `/users/${name}/server`)));
      await until(() => some.every((name) => machine.launches.some(({ user }) => user === name)), 30);
      await shift(hours);
      for (const name of some) await until(() => isReady(name), 60);
    }
    // The moment a hub dies just before the clock goes back, its lease is none of the next day's.
    await shift(0);
    await delay(2_000);
    const last = names.slice(4);
    await Promise.all(last.map((name) => a.api('POST', `/users/${name}/server`)));
    await a.end('SIGKILL');
    for (const name of last) await until(() => isReady(name), 60);
    for (const name of names) {
      const running = [...machine.running.values()].filter(({ user }) => user === name);
      expect([name, running.length]).toEqual([name, 1]);
    }
  }, 240_000);
});
