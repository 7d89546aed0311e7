import type { JsonValue, Launch, RunningServer, Spawner } from '@hub/core/plugin';
import { type ConformanceIt, type SpawnerSupports, spawnerConformance } from '@hub/testing';
import { describe, expect, it } from 'vitest';
import { driver } from './driver.ts';

/** A spawner with one mistake people make, and the promises of the suite that must find it. */
interface Exhibit {
  readonly mistake: string;
  readonly options?: Parameters<typeof driver>[0];
  spoil(sound: Spawner): Partial<Spawner>;
  /** Names of cases, each with a part of its message. */
  readonly found: Readonly<Record<string, string>>;
}

const exhibits: readonly Exhibit[] = [
  {
    mistake: 'saves the state after the server runs',
    spoil: (sound) => ({
      async start(launch) {
        const states: JsonValue[] = [];
        const origin = await sound.start({ ...launch, saveState: async (state) => void states.push(state) });
        for (const state of states) await launch.saveState(state);
        return origin;
      },
    }),
    found: {
      'nothing runs before the state is saved': 'ran before its state was saved',
      'a state that cannot be saved leaves nothing running': 'The server runs.',
    },
  },
  {
    mistake: 'goes on when the state cannot be saved',
    spoil: (sound) => ({
      start: (launch) =>
        sound.start({ ...launch, saveState: (state) => launch.saveState(state).catch(() => {}) }),
    }),
    found: {
      'a state that cannot be saved leaves nothing running': 'went on without its state',
    },
  },
  {
    mistake: 'does not notice that a start was cancelled',
    spoil: (sound) => ({
      start: (launch) =>
        sound.start({ ...launch, signal: new AbortController().signal, saveState: async () => {} }),
    }),
    found: {
      'P806: a start cancelled before its state is saved leaves nothing': 'went on after it was cancelled',
    },
  },
  {
    mistake: 'answers with an address without a scheme',
    spoil: (sound) => ({ start: async (launch) => new URL(await sound.start(launch)).host }),
    found: {
      'P201: a start resolves with an http origin, and the server answers there': 'Not an http origin',
    },
  },
  {
    mistake: 'gives every server the same port',
    options: { port: 47_911 },
    spoil: () => ({}),
    found: {
      'starts at the same time get addresses of their own': 'Port 47911 is used',
    },
  },
  {
    mistake: 'drops what the operator put into the environment',
    spoil: (sound) => ({
      start: (launch) => sound.start({ ...launch, environment: (bind) => onlyHub(launch, bind) }),
    }),
    found: {
      'P240: the environment and the arguments arrive': 'A variable did not arrive',
    },
  },
  {
    mistake: 'drops the arguments',
    spoil: (sound) => ({ start: (launch) => sound.start({ ...launch, args: [] }) }),
    found: {
      'P240: the environment and the arguments arrive': 'The arguments did not arrive',
    },
  },
  {
    mistake: 'calls a server dead while it starts',
    spoil: (sound) => ({
      poll: async (server) => (server.state ? await sound.poll(server) : { code: 0 }),
    }),
    found: {
      'P203: poll is null while a start is under way': 'dead before it was launched',
    },
  },
  {
    mistake: 'calls every server alive',
    spoil: () => ({ poll: async () => null }),
    found: {
      'poll notices an exit': 'poll tells the exit: not within',
      'P306: poll tells the exit status': 'poll tells the exit: not within',
      'P202: a stop resolves when the server is gone': 'alive after its stop',
      'P255: another driver polls and stops a server by its state alone': 'alive after its stop',
      'P256: another driver notices that a server died meanwhile': 'poll tells the exit: not within',
    },
  },
  {
    mistake: 'throws the exit status away and reports nothing',
    spoil: (sound) => ({
      start: (launch) => sound.start({ ...launch, reportExit: () => {} }),
      poll: async (server) => ((await sound.poll(server)) ? { code: 0 } : null),
    }),
    found: {
      'P306: poll tells the exit status': 'status 0 instead of 7',
      'P811: an exit is reported at once': 'the exit is reported: not within',
    },
  },
  {
    mistake: 'sends one polite signal and hopes',
    spoil: () => ({ stop: async (server) => signal(server, 'SIGINT') }),
    found: {
      'P304: a server that ignores signals is stopped politely': 'the server is gone: not within',
      'P304: a server that ignores signals is stopped now': 'the server is gone: not within',
      'P805: a stop without state finds the server by its key': 'the server is gone: not within',
    },
  },
  {
    mistake: 'kills without a word',
    spoil: () => ({ stop: async (server) => signal(server, 'SIGKILL') }),
    found: {
      'P304: a polite stop asks before it kills': 'killed without a word',
    },
  },
  {
    mistake: 'throws when there is nothing to stop',
    spoil: (sound) => ({
      async stop(server, how) {
        if (!server.state || (await sound.poll(server))) throw new Error('No such process.');
        await sound.stop(server, how);
      },
    }),
    found: {
      'P202: stopping twice, at once and afterwards, is fine': 'No such process',
      'stopping what never started is fine': 'No such process',
    },
  },
  {
    mistake: 'stops all servers of the user',
    spoil: (sound) => ({
      async stop(server, how) {
        for (const key of (await sound.list?.()) ?? [])
          await sound.stop({ ...server, key, state: null }, how);
      },
    }),
    found: {
      'a stop touches no other server': 'Another server was stopped',
      'list names what runs and nothing else': 'list forgets it: not within',
    },
  },
  {
    mistake: 'knows its servers only by what it keeps in memory',
    spoil: (sound) => {
      const mine = new Set<string>();
      return {
        start: (launch) => sound.start(launch).finally(() => mine.add(launch.key)),
        poll: async (server) => (mine.has(server.key) ? await sound.poll(server) : { code: 0 }),
      };
    },
    found: {
      'P255: another driver polls and stops a server by its state alone': 'The other driver finds it dead',
    },
  },
  {
    mistake: 'lists what ran once',
    spoil: (sound) => {
      const keys = new Set<string>();
      return {
        start: (launch) => sound.start(launch).finally(() => keys.add(launch.key)),
        list: async () => [...keys],
      };
    },
    found: {
      'list names what runs and nothing else': 'list forgets it: not within',
    },
  },
  {
    mistake: 'gives the whole log, however long',
    spoil: (sound) => ({ logs: async (server) => (await sound.logs?.(server, 1_000_000)) ?? '' }),
    found: {
      'logs gives the end of what the server said, no longer than asked': 'Not the end',
    },
  },
  {
    mistake: 'says nothing while it starts',
    spoil: (sound) => ({ start: (launch) => sound.start({ ...launch, progress: () => {} }) }),
    found: {
      'P810: a start tells how it goes on': 'No event has a message',
    },
  },
  {
    mistake: 'wraps the missing command in an error of its own',
    spoil: (sound) => ({
      start: (launch) =>
        sound.start(launch).catch(() => {
          throw new Error('The start failed.');
        }),
    }),
    found: {
      'P307: a missing command is named within a second': 'Not a spawn failure',
    },
  },
];

describe('the suite finds a spawner that', () => {
  for (const exhibit of exhibits) {
    it(exhibit.mistake, async () => {
      const cases = collect(exhibit);
      for (const [name, message] of Object.entries(exhibit.found)) {
        const run = cases.get(name);
        expect(run, `The suite has no case "${name}".`).toBeDefined();
        await expect(run?.(), `"${name}" did not find it.`).rejects.toThrow(message);
      }
    });
  }
});

it('shows what is not supported as skipped, with the reason', () => {
  const skipped: string[] = [];
  const supports: SpawnerSupports = { logs: false, adoption: false };
  const recorder = Object.assign(() => {}, { skip: (name: string) => skipped.push(name) });
  spawnerConformance(recorder, () => ({ spawner: driver({}).spawner }), { supports });
  expect(skipped).toEqual([
    'P255: another driver polls and stops a server by its state alone (skipped: adoption is not supported)',
    'P256: another driver notices that a server died meanwhile (skipped: adoption is not supported)',
    'logs gives the end of what the server said, no longer than asked (skipped: logs is not supported)',
  ]);
});

/** The suite's cases by name, for this exhibit. */
function collect({ spoil, options }: Exhibit): ReadonlyMap<string, () => Promise<void>> {
  const cases = new Map<string, () => Promise<void>>();
  const it: ConformanceIt = (name, run) => cases.set(name, run);
  spawnerConformance(
    it,
    ({ command }) => {
      const made = driver({ command, ...options });
      const sound = made.spawner;
      const again = () => made.again().spawner;
      const spoiled = (spawner: Spawner): Spawner => ({ ...spawner, ...spoil(spawner) });
      return {
        spawner: spoiled(sound),
        again: () => spoiled(again()),
        async dispose() {
          // What the exhibit could not stop.
          const keys = (await sound.list?.()) ?? [];
          await Promise.all(keys.map((key) => sound.stop(byKey(key), 'now')));
          made.dispose();
        },
      };
    },
    { patience: 4 },
  );
  return cases;
}

async function onlyHub(launch: Launch, bind: string): Promise<Record<string, string>> {
  const all = Object.entries(await launch.environment(bind));
  return Object.fromEntries(all.filter(([name]) => /^(JUPYTERHUB|TEST|PATH)/.test(name)));
}

function signal({ state }: RunningServer, name: NodeJS.Signals): void {
  const { pid } = (state ?? {}) as { pid?: number };
  if (!pid) return;
  try {
    process.kill(pid, name);
  } catch {
    // Already gone.
  }
}

function byKey(key: string): RunningServer {
  const owner = { id: '', name: '', escapedName: '', admin: false, groups: [], created: '' };
  const server = { id: key, name: '', displayName: '', owner, prefix: '/', attempt: 1 };
  const log = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, child: () => log };
  return { key, server, state: null, signal: new AbortController().signal, log };
}
