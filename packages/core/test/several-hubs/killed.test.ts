import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ask, until } from '../../../testing/src/index.ts';
import { HubGroup } from './hub-child.ts';

/** A hub is gone when its lease of five seconds is over; the others look every second. */
const leaseSeconds = 5;

describe('two hubs in processes of their own', { timeout: 120_000 }, () => {
  it('one keeps the routes; kill -9 of it and the other does, with `/` leading to it (design 5a, "Routes")', async () => {
    await using group = await HubGroup.make();
    const defaultTarget = () => group.machine.routes.get('/')?.target;
    const holder = async () => {
      const [row] =
        await group.sql`SELECT host FROM leases JOIN hubs ON hubs.id = owner WHERE leases.name = 'routes'`;
      return row?.host;
    };
    const a = await group.start('a');
    const b = await group.start('b');
    expect(await holder()).toBe('a');
    expect(defaultTarget()).toBe(a.url);

    // The other one puts nothing right: what it is asked for it leaves to the holder.
    group.machine.routes.delete('/');
    const { reads } = group.machine;
    reads.splice(0);
    await until(() => defaultTarget() === a.url, 10);
    await until(() => reads.length > 2, 10);
    expect(new Set(reads)).toEqual(new Set(['a']));

    const killed = performance.now();
    await a.end('SIGKILL');
    await until(() => defaultTarget() === b.url, 20);
    const seconds = (performance.now() - killed) / 1000;
    console.info(`the default route moved ${seconds.toFixed(1)} s after the kill`);
    expect(seconds).toBeLessThan(leaseSeconds + 4);
    expect(await holder()).toBe('b');
    expect((await ask(b.url, 'GET', '/hub/api/')).status).toBe(200);

    const again = await group.start('a'); // the same machine after its restart
    await delay(1_500);
    expect(await holder()).toBe('b');
    expect(defaultTarget()).toBe(b.url);
    await b.end('SIGTERM');
    const left = performance.now();
    await until(() => defaultTarget() === again.url, 10);
    console.info(`and ${((performance.now() - left) / 1000).toFixed(1)} s after a polite stop`);
  });

  it('100 starts, one hub killed in the middle: none is lost, none launched twice, no error after 5 s', async () => {
    await using group = await HubGroup.make({ launchMs: 400 });
    const { sql } = group;
    const a = await group.start('a', { concurrentStarts: 10 });
    const b = await group.start('b', { concurrentStarts: 10 });
    const names = Array.from({ length: 100 }, (_, index) => `user-${String(index).padStart(3, '0')}`);
    expect((await a.api('POST', '/users', { usernames: names })).status).toBe(201);

    /** What a balancer does: the hubs in turn, and another one when nobody answers. */
    let turn = 0;
    let killedAt = Number.POSITIVE_INFINITY;
    const errors: { readonly afterKill: number; readonly what: string }[] = [];
    async function request(method: 'GET' | 'POST', path: string) {
      const hub = group.hubs[turn++ % group.hubs.length] ?? b;
      try {
        const answer = await hub.api(method, path);
        if (answer.status < 500 && answer.status !== 429) return answer;
        errors.push({ afterKill: performance.now() - killedAt, what: `${answer.status} ${answer.text}` });
      } catch (error) {
        errors.push({ afterKill: performance.now() - killedAt, what: `${hub.host}: ${error}` });
        if (!hub.lives && group.hubs.includes(hub)) group.hubs.splice(group.hubs.indexOf(hub), 1);
      }
      return null;
    }

    /** One person: asks for a server until that is accepted, then looks until it is ready. */
    async function person(name: string): Promise<void> {
      for (;;) {
        const asked = await request('POST', `/users/${name}/server`);
        if (asked && [201, 202].includes(asked.status)) break;
        if (asked)
          expect([asked.status, asked.text]).toEqual([400, expect.stringContaining('already running')]);
        if (asked) break;
        await delay(200);
      }
      while (!(await request('GET', `/users/${name}/server`))?.json.ready) await delay(250);
    }

    const began = performance.now();
    const people = Promise.all(names.map((name) => person(name)));
    await until(() => group.machine.running.size >= 30, 30);
    await until(async () => {
      const [mine] = await sql`SELECT count(*)::int AS count FROM servers JOIN hubs ON hubs.id = owner
        WHERE hubs.host = 'a' AND phase = 'starting'`;
      return mine?.count > 0;
    });
    killedAt = performance.now();
    await a.end('SIGKILL');
    const [orphans] = await sql`SELECT count(*)::int AS count FROM servers JOIN hubs ON hubs.id = owner
      WHERE hubs.host = 'a' AND phase = 'starting'`;
    expect(orphans?.count).toBeGreaterThan(0); // else the kill proved nothing
    await people;
    const seconds = (value: number) => (value / 1000).toFixed(1);
    console.info(
      `${orphans?.count} starts taken over; all ready ${seconds(performance.now() - began)} s after the first request, ` +
        `${seconds(performance.now() - killedAt)} s after the kill; ${errors.length} requests failed`,
    );

    const launched = group.machine.launches.map(({ user }) => user).toSorted();
    expect(launched).toEqual(names);
    expect([...group.machine.running.values()].map(({ user }) => user).toSorted()).toEqual(names);
    const rows = await sql`SELECT users.name, phase, target, failure FROM servers
      JOIN users ON users.id = user_id ORDER BY users.name`;
    expect(rows.map(({ name, phase, failure }) => ({ name, phase, failure }))).toEqual(
      names.map((name) => ({ name, phase: 'ready', failure: null })),
    );
    for (const { name, target } of rows) {
      expect(group.machine.routes.get(`/user/${name}/`)?.target).toBe(target);
    }
    expect(errors.filter(({ afterKill }) => afterKill < 0 || afterKill > 5_000)).toEqual([]);
  });
});
