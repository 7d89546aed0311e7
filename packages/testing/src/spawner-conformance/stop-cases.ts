import assert from 'node:assert/strict';
import { death, end, eventually, gone, type SpawnerCase } from './bench.ts';

export const stopCases: readonly SpawnerCase[] = [
  {
    name: 'P203: poll is null while the server runs',
    async run({ spawner, start }) {
      const made = await start();
      assert.equal(await spawner.poll(made.running()), null, 'poll finds it dead.');
    },
  },
  {
    name: 'P203: poll is null while a start is under way',
    async run({ spawner, launch }) {
      let polled: unknown = 'never';
      const made = launch({
        beforeSave: async () => {
          polled = await spawner.poll(made.running(null));
        },
      });
      await spawner.start(made.launch);
      assert.equal(polled, null, 'poll finds it dead before it was launched.');
    },
  },
  {
    name: 'poll notices an exit',
    async run(bench) {
      const made = await bench.start();
      await end(bench, made, 7);
      await death(bench.spawner, made, bench.patience);
    },
  },
  {
    name: 'P306: poll tells the exit status',
    needs: 'exitStatus',
    async run(bench) {
      const made = await bench.start();
      await end(bench, made, 7);
      const { code } = await death(bench.spawner, made, bench.patience);
      assert.equal(code, 7, `poll tells status ${code} instead of 7.`);
      assert.equal((await bench.spawner.poll(made.running()))?.code, 7, 'The second answer differs.');
    },
  },
  {
    name: 'P811: an exit is reported at once',
    needs: 'exitReport',
    async run(bench) {
      const made = await bench.start();
      await end(bench, made, 7);
      await eventually('the exit is reported', 3, () => made.exits[0] ?? null);
    },
  },
  {
    name: 'P202: a stop resolves when the server is gone',
    async run(bench) {
      const made = await bench.start();
      await bench.spawner.stop(made.running(), 'politely');
      await gone(bench, made);
      assert.notEqual(await bench.spawner.poll(made.running()), null, 'poll finds it alive after its stop.');
    },
  },
  {
    name: 'P304: a polite stop asks before it kills',
    needs: 'politeStop',
    async run(bench) {
      const made = await bench.start();
      await bench.spawner.stop(made.running(), 'politely');
      await gone(bench, made);
      assert.ok(bench.witness.signals(made.launch.key).length > 0, 'The server was killed without a word.');
    },
  },
  ...(['politely', 'now'] as const).map(
    (how): SpawnerCase => ({
      name: `P304: a server that ignores signals is stopped ${how}`,
      async run(bench) {
        const made = await bench.start({ args: ['--stubborn'] });
        await bench.spawner.stop(made.running(), how);
        await gone(bench, made);
      },
    }),
  ),
  {
    name: 'P202: stopping twice, at once and afterwards, is fine',
    async run(bench) {
      const made = await bench.start();
      const stop = () => bench.spawner.stop(made.running(), 'politely');
      await Promise.all([stop(), stop()]);
      await gone(bench, made);
      await stop();
    },
  },
  {
    name: 'stopping what never started is fine',
    async run({ spawner, launch }) {
      await spawner.stop(launch().running(null), 'politely');
    },
  },
  {
    name: 'P805: a stop without state finds the server by its key',
    needs: 'findByKey',
    async run(bench) {
      const made = await bench.start();
      await bench.spawner.stop(made.running(null), 'politely');
      await gone(bench, made);
    },
  },
  {
    name: 'a stop touches no other server',
    async run({ spawner, start, witness }) {
      const [one, other] = await Promise.all([start(), start()]);
      await spawner.stop(one.running(), 'now');
      assert.equal(witness.running(other.launch.key), 1, 'Another server was stopped as well.');
      assert.equal(await spawner.poll(other.running()), null);
    },
  },
];
