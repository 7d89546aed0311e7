import assert from 'node:assert/strict';
import type { Spawner } from '@hub/core/plugin';
import { type Bench, death, end, eventually, type SpawnerCase } from './bench.ts';
import type { FakeLaunch } from './fake-launch.ts';

/** What a spawner says about many servers, and about those that are coming up or gone. */
export const watchCases: readonly SpawnerCase[] = [
  {
    name: 'P811: pollAll agrees with poll, whatever became of a server',
    needs: 'pollAll',
    async run(bench) {
      const { spawner, launch, start } = bench;
      const [runs, stopped, ended] = await Promise.all([start(), start(), start()]);
      const comingUp = await startDeaf(bench);
      await Promise.all([spawner.stop(stopped.running(), 'now'), end(bench, ended, 7)]);
      await death(spawner, ended, bench.patience);

      const all = [runs, stopped, ended, launch(), comingUp].map((one) => one.running());
      const answers = await pollAll(spawner, all);
      assert.equal(answers.size, all.length, 'pollAll does not answer for each server once.');
      for (const server of all) {
        const isAlive = (await spawner.poll(server)) === null;
        assert.equal(answers.get(server.key) === null, isAlive, 'poll and pollAll do not agree.');
      }
    },
  },
  {
    name: 'P811: pollAll asked about nothing answers nothing',
    needs: 'pollAll',
    run: async ({ spawner }) => assert.equal((await pollAll(spawner, [])).size, 0),
  },
  {
    name: 'list names a server that is still coming up, each once, and so does another driver',
    needs: ['list', 'adoption'],
    async run(bench) {
      const made = [await startDeaf(bench), await bench.start()].map(({ launch }) => launch.key);
      for (const spawner of [bench.spawner, await bench.again()]) {
        const listed = (await spawner.list?.()) ?? [];
        const mine = listed.filter((key) => made.includes(key));
        assert.deepEqual(mine.toSorted(), made.toSorted(), 'list does not name each server once.');
      }
    },
  },
  {
    name: 'list does not name what never ran, or ended by itself',
    needs: 'list',
    async run(bench) {
      const { spawner, launch, start, patience } = bench;
      const failed = launch({
        beforeSave: async () => {
          throw new Error('This launch is no longer ours.');
        },
      });
      await spawner.start(failed.launch).catch(() => {});
      const ended = await start();
      await end(bench, ended, 0);
      const dead = [failed, ended, launch()].map((one) => one.launch.key);
      await eventually('list forgets them', patience, async () => {
        const listed = (await spawner.list?.()) ?? [];
        return !dead.some((key) => listed.includes(key)) || null;
      });
    },
  },
  {
    name: 'P209: address tells another driver where a server is reached',
    needs: 'adoption',
    method: 'address',
    async run({ start, again }) {
      const made = await start();
      const told = await (await again()).address?.(made.running());
      assert.equal(told && new URL(told).origin, new URL(made.origin).origin);
    },
  },
  {
    name: 'P214: a stopped server is renamed, and starts again',
    method: 'rename',
    async run({ spawner, start }) {
      const made = await start();
      await spawner.stop(made.running(), 'now');
      await spawner.rename?.(made.running(), 'another');
      await start({ server: { id: made.launch.server.id, attempt: 2, name: 'another' } });
    },
  },
  {
    name: 'P213: what is left of a server goes for good, twice without failing, and nothing of others',
    method: 'deleteForever',
    async run(bench) {
      const { spawner, start, launch, witness } = bench;
      const [gone, other] = await Promise.all([start(), start()]);
      await spawner.stop(gone.running(), 'now');
      const before = (await spawner.logs?.(other.running(), 10_000)) ?? '';
      await spawner.deleteForever?.(gone.running());
      await spawner.deleteForever?.(gone.running());
      await spawner.deleteForever?.(launch().running(null));
      assert.equal(witness.running(other.launch.key), 1, 'Another server was deleted.');
      const after = (await spawner.logs?.(other.running(), 10_000)) ?? '';
      assert.ok(after.startsWith(before), 'What another server said is gone.');
    },
  },
  {
    name: 'capacity is a number of servers, or null where nobody knows',
    method: 'capacity',
    async run({ spawner }) {
      const room = (await spawner.capacity?.()) ?? null;
      assert.ok(room === null || (Number.isInteger(room) && room >= 0), `Not a number of servers: ${room}`);
    },
  },
  {
    name: 'P118: it looks over its own options without failing',
    method: 'checkConfig',
    async run({ spawner }) {
      const doubts = (await spawner.checkConfig?.()) ?? [];
      assert.ok(Array.isArray(doubts) && doubts.every((doubt) => typeof doubt === 'string' && doubt !== ''));
    },
  },
];

/** A server that runs and does not listen yet; its start goes on. */
async function startDeaf({ spawner, launch, witness, patience }: Bench): Promise<FakeLaunch> {
  const made = launch({ args: ['--deaf'] });
  spawner.start(made.launch).catch(() => {}); // It is stopped when the case is over.
  await witness.arrival(made.launch.key, patience);
  return made;
}

type PollAll = NonNullable<Spawner['pollAll']>;

async function pollAll(spawner: Spawner, servers: Parameters<PollAll>[0]): ReturnType<PollAll> {
  assert.ok(spawner.pollAll, 'There is no `pollAll`: declare `supports: { pollAll: false }`.');
  return await spawner.pollAll(servers);
}
