import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { answer, type Bench, death, end, eventually, type SpawnerCase } from './bench.ts';
import type { FakeLaunch } from './fake-launch.ts';

/** Set from the account database in the end, so no environment changes them (P240). */
const ofTheAccount = ['USER', 'HOME', 'SHELL', 'LOGNAME'];

/** What may reach whom: environments, tokens, logs. */
export const privacyCases: readonly SpawnerCase[] = [
  {
    name: 'P240: the environment arrives as the hub made it',
    async run({ start, patience }) {
      const { origin, launch, environment } = await start();
      const said = (await answer(origin, launch.server.prefix, patience)).environment;
      for (const [name, value] of Object.entries(environment)) {
        if (!ofTheAccount.includes(name)) assert.equal(said[name], value, `${name} is another.`);
      }
    },
  },
  {
    name: "P240: nothing of the hub's own environment reaches a server",
    async run({ start, patience, hubSecret }) {
      const { origin, launch } = await start();
      const said = await answer(origin, launch.server.prefix, patience);
      assert.ok(!JSON.stringify(said).includes(hubSecret), 'The server sees what the hub keeps secret.');
    },
  },
  {
    name: "a server's token stands on no command line, where everybody can read it",
    async run({ start }) {
      const { token } = await start();
      const lines = await commandLines();
      assert.ok(!lines.some((line) => line.includes(token)), 'A command line holds the token.');
    },
  },
  {
    name: "state is plain JSON, and holds no server's token; neither do progress and log",
    async run({ start }) {
      const { states, events, logged, token } = await start();
      for (const state of states) {
        assert.deepEqual(JSON.parse(JSON.stringify(state)), state, 'The state does not survive JSON.');
      }
      for (const [what, told] of Object.entries({ state: states, progress: events, log: logged })) {
        assert.ok(!JSON.stringify(told).includes(token), `The ${what} holds the token.`);
      }
    },
  },
  {
    name: 'logs of a server hold nothing of another one',
    needs: 'logs',
    async run(bench) {
      const pair = await Promise.all([bench.start(), bench.start()]);
      const [one, other] = await Promise.all(pair.map((made) => logs(bench, made, made.launch.key)));
      assert.ok(!one?.includes(pair[1].launch.key), 'One sees what another one said.');
      assert.ok(!other?.includes(pair[0].launch.key), 'One sees what another one said.');
    },
  },
  {
    name: 'logs of a server that says much are as short as asked, and of whole characters',
    needs: 'logs',
    async run(bench) {
      const made = await bench.start({ args: ['--chatty'] });
      await logs(bench, made, made.launch.key);
      for (const bytes of [0, 1, ...Array.from({ length: 30 }, (_, index) => 60 + index), 10_000]) {
        const text = (await bench.spawner.logs?.(made.running(), bytes)) ?? '';
        assert.ok(Buffer.byteLength(text) <= bytes, `Asked for ${bytes}: ${Buffer.byteLength(text)} bytes.`);
        assert.ok(!text.includes('\ufffd'), 'A character is cut in two.');
      }
    },
  },
  {
    name: 'logs of a server that never ran are empty',
    needs: 'logs',
    async run({ spawner, launch }) {
      assert.equal(await spawner.logs?.(launch().running(null), 1_000), '');
    },
  },
  {
    name: 'logs still tell what a server said that has ended',
    needs: ['logs', 'logsAfterEnd'],
    async run(bench) {
      const made = await bench.start();
      await end(bench, made, 3);
      await death(bench.spawner, made, bench.patience);
      await logs(bench, made, made.launch.key);
    },
  },
];

/** The log, as soon as it holds `part`. */
async function logs({ spawner, patience }: Bench, made: FakeLaunch, part: string): Promise<string> {
  return eventually('the log has the line', patience, async () => {
    const text = (await spawner.logs?.(made.running(), 10_000)) ?? '';
    return text.includes(part) ? text : null;
  });
}

/** Of all processes of this machine; none where the system does not show them as files. */
async function commandLines(): Promise<readonly string[]> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name));
  return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
}
