import assert from 'node:assert/strict';
import { death, eventually, type SpawnerCase } from './bench.ts';

export const adoptionCases: readonly SpawnerCase[] = [
  {
    name: 'P255: another driver polls and stops a server by its state alone',
    needs: 'adoption',
    async run({ start, again, witness }) {
      const made = await start();
      const other = await again();
      assert.equal(await other.poll(made.running()), null, 'The other driver finds it dead.');
      await other.stop(made.running(), 'politely');
      await eventually('the server is gone', 1, () => witness.running(made.launch.key) === 0 || null);
      assert.notEqual(
        await other.poll(made.running()),
        null,
        'The other driver finds it alive after its stop.',
      );
    },
  },
  {
    name: 'P256: another driver notices that a server died meanwhile',
    needs: 'adoption',
    async run({ spawner, start, again, patience }) {
      const made = await start();
      await spawner.stop(made.running(), 'now');
      await death(await again(), made, patience);
    },
  },
  {
    name: 'list names what runs and nothing else',
    needs: 'list',
    async run({ spawner, start, patience }) {
      const [one, other] = await Promise.all([start(), start()]);
      const listed = await list(spawner.list?.());
      assert.ok(
        listed.includes(one.launch.key) && listed.includes(other.launch.key),
        'list misses a server.',
      );
      await spawner.stop(one.running(), 'now');
      await eventually('list forgets it', patience, async () => {
        const now = await list(spawner.list?.());
        return (!now.includes(one.launch.key) && now.includes(other.launch.key)) || null;
      });
    },
  },
  {
    name: 'logs gives the end of what the server said, no longer than asked',
    needs: 'logs',
    async run({ spawner, start, patience }) {
      const made = await start();
      assert.ok(spawner.logs, 'There is no `logs`: declare `supports: { logs: false }`.');
      const all = await eventually('the log has the line', patience, async () => {
        const text = (await spawner.logs?.(made.running(), 10_000)) ?? '';
        return text.includes('the trivial server is up') ? text : null;
      });
      const end = await spawner.logs(made.running(), 4);
      assert.ok(Buffer.byteLength(end) <= 4 && all.endsWith(end), `Not the end: ${JSON.stringify(end)}`);
    },
  },
  {
    name: 'P811: pollAll answers for each server asked about',
    needs: 'pollAll',
    async run({ spawner, start }) {
      const [one, other] = await Promise.all([start(), start()]);
      assert.ok(spawner.pollAll, 'There is no `pollAll`: declare `supports: { pollAll: false }`.');
      await spawner.stop(one.running(), 'now');
      const answers = await spawner.pollAll([one.running(), other.running()]);
      assert.equal(answers.size, 2);
      assert.notEqual(answers.get(one.launch.key), null);
      assert.equal(answers.get(other.launch.key), null);
    },
  },
];

async function list(keys: Promise<readonly string[]> | undefined): Promise<readonly string[]> {
  assert.ok(keys, 'There is no `list`: declare `supports: { list: false }`.');
  return await keys;
}
