import assert from 'node:assert/strict';
import { answer, eventually, givesUp, gone, type SpawnerCase, settled, staysAway } from './bench.ts';
import type { LaunchStep } from './fake-launch.ts';

const steps: readonly LaunchStep[] = ['resolve', 'environment', 'saveState'];

/** Starts that are cancelled, lost or slow, at each thing a spawner waits for. */
export const awaitCases: readonly SpawnerCase[] = [
  {
    name: 'P806: a start that was cancelled before it began leaves nothing',
    async run(bench) {
      const made = bench.launch();
      made.abort();
      await givesUp(bench, bench.spawner.start(made.launch));
      await staysAway(bench, made);
    },
  },
  ...steps.map(
    (step): SpawnerCase => ({
      name: `P230: a start cancelled while it waits for ${step}, answered after the stop, leaves nothing`,
      async run(bench) {
        const asked = Promise.withResolvers<void>();
        const held = Promise.withResolvers<void>();
        const made = bench.launch({
          before: async (one) => {
            if (one !== step) return;
            asked.resolve();
            await held.promise;
          },
        });
        const start = bench.spawner.start(made.launch);
        const first = await Promise.race([asked.promise, Promise.allSettled([start])]);
        if (first) return; // It never waits for this.
        made.abort();
        await bench.spawner.stop(made.running(), 'politely');
        held.resolve();
        await givesUp(bench, start);
        await staysAway(bench, made);
      },
    }),
  ),
  {
    name: 'P806: a cancelled start does not wait for its state to be saved',
    async run(bench) {
      const asked = Promise.withResolvers<void>();
      const made = bench.launch({
        beforeSave: async () => {
          asked.resolve();
          await new Promise(() => {});
        },
      });
      const start = bench.spawner.start(made.launch);
      await Promise.race([asked.promise, start]);
      made.abort();
      await givesUp(bench, start);
      await staysAway(bench, made);
    },
  },
  {
    name: 'P805: whichever state cannot be saved, nothing is left running',
    async run(bench) {
      const { states } = await bench.start();
      for (let last = states.length; last > 1; last -= 1) {
        let saves = 0;
        const made = bench.launch({
          beforeSave: async () => {
            saves += 1;
            if (saves === last) throw new Error('This launch is no longer ours.');
          },
        });
        await assert.rejects(bench.spawner.start(made.launch), `The start went on without state ${last}.`);
        await staysAway(bench, made);
      }
    },
  },
  {
    name: 'P203: poll is null while a slow server comes up, and the server is reached at last',
    async run({ spawner, launch, witness, patience }) {
      const made = launch({ args: ['--slow=600'] });
      const start = settled(spawner.start(made.launch), patience, 'The start still waits for the server.');
      await witness.arrival(made.launch.key, patience);
      assert.equal(await spawner.poll(made.running()), null, 'poll finds it dead while it comes up.');
      const result = await start;
      if (result.status === 'rejected') throw result.reason;
      await answer(result.value, made.launch.server.prefix, patience);
      assert.equal(await spawner.poll(made.running()), null, 'poll finds it dead.');
    },
  },
  {
    name: 'P805: what a hub that died in the middle of a start left is found by its key',
    needs: ['adoption', 'findByKey'],
    async run(bench) {
      const made = bench.launch({ args: ['--deaf'] });
      const start = bench.spawner.start(made.launch);
      start.catch(() => {}); // Its hub is not there to hear.
      await bench.witness.arrival(made.launch.key, bench.patience);
      const other = await bench.again();
      assert.equal(await other.poll(made.running()), null, 'The other driver finds it dead.');
      await other.stop(made.running(null), 'politely');
      await gone(bench, made);
      made.abort();
      await settled(start, bench.patience, 'The start still waits though it was cancelled.');
    },
  },
  {
    name: 'P221: after a start that failed, a stop is fine and the next start succeeds',
    async run(bench) {
      const failed = bench.launch({ args: ['--exit=3'] });
      const start = bench.spawner.start(failed.launch);
      await settled(start, bench.patience, 'The start still waits for a server that ended.');
      await bench.spawner.stop(failed.running(), 'politely');
      await gone(bench, failed);
      const { id } = failed.launch.server;
      const next = await bench.start({ server: { id, attempt: 2 } });
      await bench.spawner.stop(failed.running(), 'now');
      assert.equal(
        await bench.spawner.poll(next.running()),
        null,
        'The stop of the failed one hit the next.',
      );
      assert.equal(bench.witness.running(next.launch.key), 1, 'The stop of the failed one hit the next.');
    },
  },
  {
    name: 'P805: a launch is not taken for another one whose key begins alike',
    needs: 'findByKey',
    async run(bench) {
      const later = await bench.start({ server: { attempt: 11 } });
      const { id } = later.launch.server;
      const early = bench.launch({ server: { id, attempt: 1 } });
      await bench.spawner.stop(early.running(null), 'now');
      await bench.aWhile();
      assert.equal(bench.witness.running(later.launch.key), 1, 'Another launch was stopped.');
    },
  },
  {
    name: 'ten starts at once: all run, all are polled alive, all stop',
    async run(bench) {
      const started = await Promise.all(Array.from({ length: 10 }, () => bench.start()));
      assert.equal(new Set(started.map(({ origin }) => origin)).size, 10, 'Two have one address.');
      const polled = await Promise.all(started.map((one) => bench.spawner.poll(one.running())));
      assert.deepEqual(polled, Array(10).fill(null));
      await Promise.all(started.map((one) => bench.spawner.stop(one.running(), 'politely')));
      await eventually(
        'all are gone',
        2,
        () => started.every(({ launch }) => bench.witness.running(launch.key) === 0) || null,
      );
    },
  },
  {
    name: 'P231, P232: what this launch wants counts more than what is configured',
    needs: 'options',
    command: ['/no/such/folder/no-such-command'],
    async run({ start, trivial }) {
      await start({ wanted: { command: trivial } });
    },
  },
  {
    name: 'a stop whose time is up is given up, and the next one finishes it',
    needs: 'deadlines',
    async run(bench) {
      const made = await bench.start({ args: ['--stubborn'] });
      const signal = AbortSignal.timeout(50);
      const stop = bench.spawner.stop({ ...made.running(), signal }, 'politely');
      await settled(stop, bench.patience, 'The stop ignores that its time is up.');
      await bench.spawner.stop(made.running(), 'now');
      await gone(bench, made);
    },
  },
];
