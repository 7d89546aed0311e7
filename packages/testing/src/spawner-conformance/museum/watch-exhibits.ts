import { setTimeout as sleep } from 'node:timers/promises';
import type { Exhibit } from './failures.ts';

/** Mistakes people make with what becomes of a server. */
export const watchExhibits: readonly Exhibit[] = [
  {
    mistake: 'calls a server dead while it starts',
    spoil: (sound) => ({
      poll: async (server) => (server.state ? await sound.poll(server) : { code: 0 }),
    }),
    found: {
      'P203: poll is null while a start is under way': 'poll finds it dead before it was launched.',
    },
  },
  {
    mistake: 'calls a server dead until it listens',
    spoil(sound, engine) {
      const up = new Set<number>();
      return {
        async poll(server) {
          const machine = engine.machines.get(server.state?.id ?? 0);
          void machine?.listens.then(() => up.add(machine.id));
          await Promise.resolve();
          await Promise.resolve();
          return machine && !up.has(machine.id) ? { code: 0 } : await sound.poll(server);
        },
      };
    },
    found: {
      'P203: poll is null while a slow server comes up, and the server is reached at last':
        'poll finds it dead while it comes up.',
      'P805: what a hub that died in the middle of a start left is found by its key':
        'The other driver finds it dead.',
      'P811: pollAll agrees with poll, whatever became of a server': 'poll and pollAll do not agree.',
    },
  },
  {
    mistake: 'calls every server alive',
    spoil: () => ({ poll: async () => null }),
    found: {
      'poll notices an exit': 'poll tells the exit: not within 3 s.',
      'P306: poll tells the exit status': 'poll tells the exit: not within 3 s.',
      'P202: a stop resolves when the server is gone': 'poll finds it alive after its stop.',
      'P255: another driver polls and stops a server by its state alone':
        'The other driver finds it alive after its stop.',
      'P256: another driver notices that a server died meanwhile': 'poll tells the exit: not within 3 s.',
      'P811: pollAll agrees with poll, whatever became of a server': 'poll tells the exit: not within 3 s.',
      'logs still tell what a server said that has ended': 'poll tells the exit: not within 3 s.',
    },
  },
  {
    mistake: 'throws the exit status away and reports nothing',
    spoil: (sound) => ({
      start: (launch) => sound.start({ ...launch, reportExit: () => {} }),
      poll: async (server) => ((await sound.poll(server)) ? { code: 0 } : null),
    }),
    found: {
      'P306: poll tells the exit status': 'poll tells status 0 instead of 7.',
      'P811: an exit is reported at once': 'the exit is reported: not within 3 s.',
    },
  },
  {
    mistake: 'sends one polite signal and hopes',
    spoil: (_sound, engine) => ({
      stop: async ({ state }) => engine.machines.get(state?.id ?? 0)?.signal('SIGINT'),
    }),
    found: {
      'P805: what a hub that died in the middle of a start left is found by its key':
        'the server is gone: not within 1 s.',
      'a stop whose time is up is given up, and the next one finishes it':
        'the server is gone: not within 1 s.',
      'P304: a server that ignores signals is stopped politely': 'the server is gone: not within 1 s.',
      'P304: a server that ignores signals is stopped now': 'the server is gone: not within 1 s.',
      'P805: a stop without state finds the server by its key': 'the server is gone: not within 1 s.',
      'P811: pollAll answers for each server asked about':
        'Expected "actual" to be strictly unequal to: null',
    },
  },
  {
    mistake: 'waits for a polite signal to help, however little time it is given',
    spoil: (sound, engine) => ({
      async stop(server, how) {
        const machine = engine.machines.get(server.state?.id ?? 0);
        machine?.signal('SIGINT');
        await Promise.race([machine?.exited, sleep(4_000)]);
        await sound.stop(server, how);
      },
    }),
    found: {
      'a stop whose time is up is given up, and the next one finishes it':
        'The stop ignores that its time is up.',
    },
  },
  {
    mistake: 'kills without a word',
    spoil: (sound) => ({ stop: (server) => sound.stop(server, 'now') }),
    found: {
      'P304: a polite stop asks before it kills': 'The server was killed without a word.',
    },
  },
  {
    mistake: 'throws when there is nothing to stop',
    spoil: (sound) => ({
      async stop(server, how) {
        if (await sound.poll(server)) throw new Error('No such process.');
        await sound.stop(server, how);
      },
    }),
    found: {
      'P806: a start cancelled before its state is saved leaves nothing': 'No such process.',
      'P221: after a start that failed, a stop is fine and the next start succeeds': 'No such process.',
      'P805: a launch is not taken for another one whose key begins alike': 'No such process.',
      'a stop whose time is up is given up, and the next one finishes it': 'No such process.',
      'P202: stopping twice, at once and afterwards, is fine': 'No such process.',
      'stopping what never started is fine': 'No such process.',
    },
  },
  {
    mistake: 'finds no server without its state',
    spoil: (sound) => ({
      stop: async (server, how) => (server.state ? await sound.stop(server, how) : undefined),
    }),
    found: {
      'P805: what a hub that died in the middle of a start left is found by its key':
        'the server is gone: not within 1 s.',
      'P805: a stop without state finds the server by its key': 'the server is gone: not within 1 s.',
    },
  },
  {
    mistake: 'looks for a key by its beginning',
    spoil: (sound, engine) => ({
      async stop(server, how) {
        for (const { id, key } of engine.machines.values()) {
          if (key.startsWith(server.key)) await sound.stop({ ...server, state: { id } }, how);
        }
      },
    }),
    found: {
      'P805: a launch is not taken for another one whose key begins alike': 'Another launch was stopped.',
    },
  },
  {
    mistake: 'stops all servers of the user',
    spoil: (sound) => ({
      async stop(server, how) {
        for (const key of await sound.list()) await sound.stop({ ...server, key, state: null }, how);
      },
    }),
    found: {
      'P221: after a start that failed, a stop is fine and the next start succeeds':
        'The stop of the failed one hit the next.',
      'P805: a launch is not taken for another one whose key begins alike': 'Another launch was stopped.',
      'a stop touches no other server': 'Expected values to be strictly equal',
      'list names what runs and nothing else': 'list forgets it: not within 3 s.',
      'P811: pollAll answers for each server asked about': 'Expected values to be strictly equal',
      "hostile names: a server runs as any other does, or is refused, and never in a folder above others'":
        'The server of somebody else was stopped.',
    },
  },
  {
    mistake: 'knows its servers only by what it keeps in memory',
    spoil(sound) {
      const mine = new Set<string>();
      return {
        start: (launch) => sound.start(launch).finally(() => mine.add(launch.key)),
        poll: async (server) => (mine.has(server.key) ? await sound.poll(server) : { code: 0 }),
      };
    },
    found: {
      'P203: poll is null while a slow server comes up, and the server is reached at last':
        'poll finds it dead while it comes up.',
      'P805: what a hub that died in the middle of a start left is found by its key':
        'The other driver finds it dead.',
      'P203: poll is null while a start is under way': 'poll finds it dead before it was launched.',
      'P255: another driver polls and stops a server by its state alone': 'The other driver finds it dead.',
      'P811: pollAll agrees with poll, whatever became of a server': 'poll and pollAll do not agree.',
    },
  },
];
