import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { machineReason, mayChangeMachine, run } from '../../../posix/test/support/test-machine.ts';
import { unreachable } from '../../../spawner-sudo/test/support/sudo-machine.ts';
import { until } from '../../../testing/src/index.ts';
import { BadDay, processesOf } from './support/bad-day.ts';

const reason = mayChangeMachine ? await unreachable() : machineReason;

describe('a hub with a database of its own, and servers under users', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));
  let day: BadDay;
  let disk = '';
  beforeAll(async () => {
    if (reason) return;
    day = await BadDay.make('local');
    const folder = dirname(day.place.dataFolder);
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=0711', 'hub-test', folder]);
    if (mounted.status === 0) disk = folder;
    await day.start();
  });
  afterAll(async () => {
    if (reason) return;
    await day.end('SIGTERM'); // with its files before its eyes, so that it leaves nothing
    // Whatever is still open goes with those who hold it.
    if (disk) await run('umount', ['--lazy', disk]);
    await day[Symbol.asyncDispose]();
  });

  it('the database dies while servers start and stop: all get where they should, once', async () => {
    const [starts, stops, runs] = [await day.user(), await day.user(), await day.user()];
    for (const user of [stops, runs]) {
      await day.startServer(user);
      await day.comesTo('ready', user);
    }
    const [pid] = day.servers(runs);
    await day.hold('mute', starts);
    await day.hold('stubborn', stops);
    await day.startServer(starts);
    await until(() => day.servers(starts).length === 1, 60);
    await day.stopServer(stops);
    const [postmaster] = (
      await readFile(join(day.place.dataFolder, 'postgres/postmaster.pid'), 'utf8')
    ).split('\n');
    process.kill(Number(postmaster), 'SIGKILL');
    await day.letGo('mute', starts);
    await until(async () => (await day.phase(starts).catch(() => '')) === 'ready', 60);
    await until(async () => (await day.phase(stops).catch(() => '')) === 'stopped', 60);
    expect(day.servers(starts)).toHaveLength(1);
    expect(processesOf(stops)).toEqual([]);
    expect(day.servers(runs)).toEqual([pid]);
    for (const user of [starts, runs]) {
      await day.stopServer(user);
      await day.comesTo('stopped', user);
    }
  }, 180_000);

  it('no space for the database: who runs goes on, requests fail without a lie, and with space again all is well', async ({
    skip,
  }) => {
    skip(disk === '', 'not supported: this machine mounts no tmpfs');
    const [runs, starts] = [await day.user(), await day.user()];
    await day.startServer(runs);
    await day.comesTo('ready', runs);
    const filler = join(disk, 'filler');
    await writeFile(filler, Buffer.alloc(170 << 20)).catch(() => undefined);
    const made: string[] = [];
    const statuses = new Set<number>();
    for (let n = 0; n < 400 && ![...statuses].some((status) => status >= 500); n += 1) {
      // Long notes fill the last page that the write-ahead log has.
      const answer = await day.api('POST', `/users/${runs.name}/tokens`, { note: 'n'.repeat(900_000) });
      statuses.add(answer.status);
      if (answer.status === 201) made.push(String(answer.json.token));
    }
    expect([...statuses].filter((status) => ![201, 503].includes(status))).toEqual([]);
    expect(statuses).toContain(503);
    expect((await day.visit(`/user/${runs.name}/`)).status).toBe(200);
    expect(day.said).toContain('No space is left on the disk of the database');

    await rm(filler);
    await until(async () => (await day.api('GET', '/user').catch(() => null))?.status === 200, 60);
    for (const token of made) expect((await day.as(token)).status).toBe(200);
    await until(async () => (await day.startServer(starts)).status === 202, 60);
    await day.comesTo('ready', starts);
    expect(day.servers(runs)).toHaveLength(1);
    for (const user of [starts, runs]) {
      await day.stopServer(user);
      await day.comesTo('stopped', user);
      expect(processesOf(user)).toEqual([]);
    }
  }, 180_000);
});
