import assert from 'node:assert/strict';
import { answer, gone, type SpawnerCase, settled } from './bench.ts';

/** Names the hub lets through, and what they would do to paths, shells and tables. */
const hostileNames = [
  '..',
  '.',
  '-rf',
  '--help',
  '../../etc',
  '%2e%2e',
  'a b',
  "o'brien; $(id)",
  'ädä 名前',
  'a\u202eda',
  'x'.repeat(255),
];

/** A name never does harm: its server runs like any other, or is refused. */
export const nameCases: readonly SpawnerCase[] = [
  {
    name: "hostile names: a server runs as any other does, or is refused, and never in a folder above others'",
    async run(bench) {
      const { origin, launch } = await bench.start();
      const { folder } = await answer(origin, launch.server.prefix, bench.patience);
      const servers = [
        ...hostileNames.map((user) => bench.launch({ user })),
        ...['..', 'a b', '-rf'].map((name) => bench.launch({ server: { name } })),
      ];
      for (const made of servers) {
        const { user, server } = made.launch;
        const about = JSON.stringify([user.name, server.name]);
        const start = bench.spawner.start(made.launch);
        const result = await settled(start, bench.patience, `${about}: neither started nor refused.`);
        if (result.status === 'rejected') {
          assert.ok(
            result.reason instanceof Error && result.reason.message,
            `${about}: refused without a word.`,
          );
          await bench.spawner.stop(made.running(), 'now');
          await gone(bench, made);
          continue;
        }
        const said = await answer(result.value, '/', bench.patience);
        assert.equal(said.environment.JUPYTERHUB_USER, user.name, `${about}: the name did not arrive.`);
        assert.equal(said.environment.JUPYTERHUB_SERVICE_PREFIX, server.prefix);
        const above = said.folder.endsWith('/') ? said.folder : `${said.folder}/`;
        assert.ok(!folder.startsWith(above) || folder === said.folder, `${about}: runs in ${said.folder}.`);
        await bench.spawner.stop(made.running(), 'now');
        await gone(bench, made);
      }
      assert.equal(bench.witness.running(launch.key), 1, 'The server of somebody else was stopped.');
    },
  },
];
