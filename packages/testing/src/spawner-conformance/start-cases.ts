import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { answer, eventually, type SpawnerCase, settled, staysAway } from './bench.ts';

export const startCases: readonly SpawnerCase[] = [
  {
    name: 'P201: a start resolves with an http origin, and the server answers there',
    async run({ start }) {
      const { origin } = await start();
      const url = new URL(origin);
      assert.equal(url.protocol, 'http:');
      assert.notEqual(url.hostname, '');
      assert.equal(url.pathname, '/');
    },
  },
  {
    name: 'P240: the environment and the arguments arrive',
    async run({ start, patience }) {
      const { origin, launch } = await start({
        args: ['--first', 'two words'],
        environment: { GREETING: 'grüß "Gott"\nund mehr', EMPTY: '' },
      });
      const said = await answer(origin, launch.server.prefix, patience);
      const { JUPYTERHUB_USER, JUPYTERHUB_SERVICE_PREFIX, GREETING, EMPTY } = said.environment;
      assert.equal(JUPYTERHUB_USER, launch.user.name);
      assert.equal(JUPYTERHUB_SERVICE_PREFIX, launch.server.prefix);
      const bound = new URL(said.environment.JUPYTERHUB_SERVICE_URL ?? '');
      assert.equal(bound.pathname, launch.server.prefix);
      assert.equal(GREETING, 'grüß "Gott"\nund mehr', 'A variable did not arrive as it was.');
      assert.equal(EMPTY, '', 'An empty variable did not arrive.');
      assert.deepEqual(said.arguments.slice(-2), ['--first', 'two words'], 'The arguments did not arrive.');
    },
  },
  {
    name: 'nothing runs before the state is saved',
    needs: 'gate',
    async run({ start, witness, aWhile }) {
      let early: boolean | null = null;
      await start({
        beforeSave: async () => {
          await aWhile();
          early ??= witness.seen().length > 0;
        },
      });
      assert.notEqual(early, null, 'The state was never saved.');
      assert.equal(early, false, 'The server ran before its state was saved.');
    },
  },
  {
    name: 'a state that cannot be saved leaves nothing running',
    async run(bench) {
      const made = bench.launch({
        beforeSave: async () => {
          throw new Error('This launch is no longer ours.');
        },
      });
      await assert.rejects(bench.spawner.start(made.launch), 'The start went on without its state.');
      await staysAway(bench, made);
    },
  },
  {
    name: 'P806: a start cancelled before its state is saved leaves nothing',
    async run(bench) {
      const made = bench.launch({
        beforeSave: async () => {
          made.abort();
          await sleep(50);
        },
      });
      await assert.rejects(bench.spawner.start(made.launch), 'The start went on after it was cancelled.');
      await bench.spawner.stop(made.running(), 'politely');
      await staysAway(bench, made);
    },
  },
  {
    name: 'P230: a start cancelled while the server comes up leaves nothing after a stop',
    async run(bench) {
      const made = bench.launch({ args: ['--deaf'] });
      const start = settled(bench.spawner.start(made.launch), 2 * bench.patience, late);
      await bench.witness.arrival(made.launch.key, bench.patience);
      made.abort();
      await bench.spawner.stop(made.running(), 'politely');
      await start;
      await staysAway(bench, made);
    },
  },
  {
    name: 'P307: a missing command is named at once',
    needs: 'missingCommand',
    command: ['/no/such/folder/no-such-command'],
    async run({ spawner, launch }) {
      const begin = performance.now();
      const error = await failure(spawner.start(launch().launch));
      assert.equal(
        (error as { kind?: unknown }).kind,
        'spawn-failure',
        `Not a spawn failure: ${error.message}`,
      );
      assert.equal((error as { failure?: unknown }).failure, 'command-not-found');
      assert.match(error.message, /no-such-command/);
      // A loaded machine needs some seconds to look; waiting for a server to answer takes longer.
      assert.ok(performance.now() - begin < 15_000, 'It took more than 15 s.');
    },
  },
  {
    name: 'starts at the same time get addresses of their own',
    async run({ start }) {
      const started = await Promise.all([start(), start(), start()]);
      assert.equal(new Set(started.map(({ origin }) => origin)).size, 3);
    },
  },
  {
    name: 'P810: a start tells how it goes on',
    needs: 'progress',
    async run({ start }) {
      const { events } = await start();
      assert.ok(
        events.some(({ message }) => message),
        'No event has a message.',
      );
      const figures = events.flatMap(({ progress }) => progress ?? []);
      assert.ok(figures.every((figure) => figure >= 0 && figure <= 100));
      assert.deepEqual(
        figures,
        figures.toSorted((a, b) => a - b),
        'Progress goes back.',
      );
      assert.ok(
        events.every((event) => !('ready' in event || 'failed' in event)),
        'The end is for the hub to tell.',
      );
    },
  },
  {
    name: 'P224: a server that ends during its start is noticed at once',
    needs: 'exitReport',
    async run({ spawner, launch, witness, patience }) {
      const made = launch({ args: ['--exit=3'] });
      const start = failure(spawner.start(made.launch));
      start.catch(() => {}); // It is raced below.
      await witness.arrival(made.launch.key, patience);
      await eventually('the exit is told', 3, () => Promise.race([start, made.exited, sleep(10, null)]));
    },
  },
];

const late = 'The start still waits though it was cancelled.';

/** The error it rejects with; never settles otherwise. */
async function failure(work: Promise<unknown>): Promise<Error> {
  return await new Promise((resolve, reject) => {
    work.then(
      () => reject(new Error('It was expected to fail.')),
      (error: unknown) => resolve(error instanceof Error ? error : new Error(String(error))),
    );
  });
}
