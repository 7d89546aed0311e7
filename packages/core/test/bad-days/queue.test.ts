import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { machineReason, mayChangeMachine } from '../../../posix/test/support/test-machine.ts';
import { unreachable } from '../../../spawner-sudo/test/support/sudo-machine.ts';
import { until } from '../../../testing/src/index.ts';
import { BadDay } from './support/bad-day.ts';
import type { AccountOfUser } from './support/place.ts';

const reason = mayChangeMachine ? await unreachable() : machineReason;
const atOnce = 4;
const all = Array.from({ length: 100 }, (_, index) => `s${String(index).padStart(2, '0')}`);
/** Cancelled after the restart: of each three the last two, behind those that are starting. */
const cancelled = all.filter((_, index) => index >= atOnce && index % 3 !== 0);
const kept = all.filter((name) => !cancelled.includes(name));

// The queue is the hub's; what each spawner makes of a killed hub is told elsewhere.
describe('100 starts in the queue of a hub that is killed', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));
  let day: BadDay;
  let user: AccountOfUser;
  beforeAll(async () => {
    if (reason) return;
    day = await BadDay.make('local', { servers: { concurrentStarts: atOnce, named: true, limit: 0 } });
    await day.start();
    user = await day.user();
  });
  afterAll(() => day?.[Symbol.asyncDispose]());

  const path = (name: string) => `/users/${user.name}/servers/${name}`;
  const waiting = async (name: string) => (await day.soFar(path(name))).match(/Waiting: (\d+) starts?/)?.[1];

  it('none is lost, none launched twice; all in order, unless cancelled', async () => {
    await day.hold('environment', user);
    for (const name of all) expect((await day.api('POST', path(name))).status).toBe(202);
    await until(async () => (await waiting('s99')) === String(100 - atOnce - 1), 30);

    await day.end('SIGKILL');
    await day.start();
    await until(async () => (await waiting('s99')) === String(100 - atOnce - 1), 30);
    await until(async () => (await waiting('s10')) === String(10 - atOnce), 30);
    for (const name of cancelled) expect((await day.api('DELETE', path(name))).status).toBe(204);
    await until(async () => (await waiting('s99')) === String(kept.length - atOnce - 1), 30);

    await day.letGo('environment', user);
    await until(async () => {
      const { json } = await day.api('GET', `/users/${user.name}?include_stopped_servers`);
      const servers = Object.values(json.servers as Record<string, { name: string; ready: boolean }>);
      return servers.filter(({ ready }) => ready).length === kept.length;
    }, 120);
    const launched = day
      .servers(user)
      .map((pid) => ({ name: nameOf(pid), at: startOf(pid) }))
      .sort((one, other) => one.at - other.at)
      .map(({ name }) => name);
    expect([...launched].sort()).toEqual(kept);
    // First come, first served, as far as those that start at once overtake each other.
    for (const [place, name] of launched.entries()) {
      expect([name, Math.abs(kept.indexOf(name) - place) < 2 * atOnce]).toEqual([name, true]);
    }
    await Promise.all(kept.map((name) => day.api('DELETE', path(name))));
    await until(() => day.servers(user).length === 0, 60);
  }, 240_000);
});

function nameOf(pid: number): string {
  return /JUPYTERHUB_SERVER_NAME=(\w+)/.exec(readFileSync(`/proc/${pid}/environ`, 'latin1'))?.[1] ?? '';
}

/** When a process started, in ticks of the machine. */
function startOf(pid: number): number {
  const line = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[19]);
}
