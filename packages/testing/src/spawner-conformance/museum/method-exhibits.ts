import type { Exhibit } from './failures.ts';

/** Mistakes people make with lists, logs and what else a spawner may offer. */
export const methodExhibits: readonly Exhibit[] = [
  {
    mistake: 'lists what ran once',
    spoil(sound) {
      const keys = new Set<string>();
      return {
        start: (launch) => sound.start(launch).finally(() => keys.add(launch.key)),
        list: async () => [...keys],
      };
    },
    found: {
      'list names what runs and nothing else': 'list forgets it: not within 3 s.',
      'list names a server that is still coming up, each once, and so does another driver':
        'list does not name each server once.',
      'list does not name what never ran, or ended by itself': 'list forgets them: not within 3 s.',
    },
  },
  {
    mistake: 'lists what answers',
    spoil(sound, engine) {
      const up = new Set<string>();
      return {
        start: (launch) =>
          sound.start(launch).then((origin) => {
            up.add(launch.key);
            return origin;
          }),
        list: async () =>
          [...engine.machines.values()].flatMap(({ key, exit }) => (up.has(key) && !exit ? [key] : [])),
      };
    },
    found: {
      'list names a server that is still coming up, each once, and so does another driver':
        'list does not name each server once.',
    },
  },
  {
    mistake: 'lists a server once for each of its processes',
    spoil: (sound) => ({ list: async () => (await sound.list()).flatMap((key) => [key, key]) }),
    found: {
      'list names a server that is still coming up, each once, and so does another driver':
        'list does not name each server once.',
    },
  },
  {
    mistake: 'leaves the dead out of pollAll',
    spoil: (sound) => ({
      async pollAll(servers) {
        return new Map([...(await sound.pollAll(servers))].filter(([, exit]) => exit === null));
      },
    }),
    found: {
      'P811: pollAll answers for each server asked about': 'Expected values to be strictly equal',
      'P811: pollAll agrees with poll, whatever became of a server':
        'pollAll does not answer for each server once.',
    },
  },
  {
    mistake: 'cannot pollAll about nothing',
    spoil: (sound) => ({
      async pollAll(servers) {
        if (servers.length === 0) throw new Error('a bad request');
        return await sound.pollAll(servers);
      },
    }),
    found: {
      'P811: pollAll asked about nothing answers nothing': 'a bad request',
    },
  },
  {
    mistake: 'gives the whole log, however long',
    spoil: (sound) => ({ logs: (server) => sound.logs(server, 10_000_000) }),
    found: {
      'logs gives the end of what the server said, no longer than asked': 'Not the end',
      'logs of a server that says much are as short as asked, and of whole characters': 'Asked for',
    },
  },
  {
    mistake: 'counts letters instead of bytes',
    spoil: (sound) => ({
      logs: async (server, bytes) =>
        bytes ? [...(await sound.logs(server, 1e7))].slice(-bytes).join('') : '',
    }),
    found: {
      'logs of a server that says much are as short as asked, and of whole characters': 'Asked for',
    },
  },
  {
    mistake: 'cuts characters in two',
    spoil: (_sound, engine) => ({
      logs: async ({ state }, bytes) => {
        const text = Buffer.from(engine.machines.get(state?.id ?? 0)?.log ?? '');
        return text.subarray(Math.max(0, text.length - bytes)).toString();
      },
    }),
    found: {
      'logs of a server that says much are as short as asked, and of whole characters': 'Asked for',
    },
  },
  {
    mistake: 'has one log for all',
    spoil: (_sound, engine) => ({
      logs: async (_server, bytes) => {
        const text = [...engine.machines.values()].map(({ log }) => log).join('');
        return bytes > 1_000 ? text.slice(-bytes) : '';
      },
    }),
    found: {
      'logs of a server hold nothing of another one': 'One sees what another one said.',
      'logs of a server that says much are as short as asked, and of whole characters': 'Asked for',
    },
  },
  {
    mistake: 'throws a log away with its server',
    spoil: (sound) => ({
      logs: async (server, bytes) => ((await sound.poll(server)) ? '' : await sound.logs(server, bytes)),
    }),
    found: {
      'logs still tell what a server said that has ended': 'the log has the line: not within 3 s.',
    },
  },
  {
    mistake: 'tells where servers are from memory',
    spoil(sound) {
      const origins = new Map<string, string>();
      return {
        start: (launch) =>
          sound.start(launch).then((origin) => {
            origins.set(launch.key, origin);
            return origin;
          }),
        address: async ({ key }) => origins.get(key) ?? null,
      };
    },
    found: {
      'P209: address tells another driver where a server is reached': 'Expected values to be strictly equal',
    },
  },
  {
    mistake: 'refuses every new name',
    spoil: () => ({
      rename: async () => {
        throw new Error('Names are for ever.');
      },
    }),
    found: {
      'P214: a stopped server is renamed, and starts again': 'Names are for ever.',
    },
  },
  {
    mistake: 'deletes for ever once',
    spoil() {
      const deleted = new Set<string>();
      return {
        async deleteForever({ key }) {
          if (deleted.has(key)) throw new Error('It is not there.');
          deleted.add(key);
        },
      };
    },
    found: {
      'P213: what is left of a server goes for good, twice without failing, and nothing of others':
        'It is not there.',
    },
  },
  {
    mistake: 'has room for half a server',
    spoil: () => ({ capacity: async () => 0.5 }),
    found: {
      'capacity is a number of servers, or null where nobody knows': 'Not a number of servers: 0.5',
    },
  },
  {
    mistake: 'fails over its own options',
    spoil: () => ({ checkConfig: () => Promise.reject(new Error('bad')) }),
    found: {
      'P118: it looks over its own options without failing': 'bad',
    },
  },
];
