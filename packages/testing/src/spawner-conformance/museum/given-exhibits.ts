import type { Exhibit } from './failures.ts';
import type { State } from './sound-spawner.ts';

/** Mistakes people make with what a launch gives: environment, arguments, options, names, secrets. */
export const givenExhibits: readonly Exhibit[] = [
  {
    mistake: 'drops what the operator put into the environment',
    spoil: (sound) => ({
      start: (launch) =>
        sound.start({
          ...launch,
          environment: async (bind) => {
            const all = Object.entries(await launch.environment(bind));
            return Object.fromEntries(all.filter(([name]) => /^(JUPYTERHUB|TEST|PATH)/.test(name)));
          },
        }),
    }),
    found: {
      'P240: the environment and the arguments arrive': 'A variable did not arrive as it was.',
    },
  },
  {
    mistake: "passes the hub's own environment on",
    spoil: (sound) => ({
      start: (launch) =>
        sound.start({
          ...launch,
          environment: async (bind) =>
            ({ ...process.env, ...(await launch.environment(bind)) }) as Record<string, string>,
        }),
    }),
    found: {
      "P240: nothing of the hub's own environment reaches a server":
        'The server sees what the hub keeps secret.',
    },
  },
  {
    mistake: 'sets a better PATH',
    spoil: (sound) => ({
      start: (launch) =>
        sound.start({
          ...launch,
          environment: async (bind) => ({ ...(await launch.environment(bind)), PATH: '/opt/bin' }),
        }),
    }),
    found: {
      'P240: the environment arrives as the hub made it': 'PATH is another.',
    },
  },
  {
    mistake: 'drops the arguments',
    spoil: (sound) => ({ start: (launch) => sound.start({ ...launch, args: [] }) }),
    found: {
      'P240: the environment and the arguments arrive': 'The arguments did not arrive.',
      'P224: a server that ends during its start is noticed at once': 'It was expected to fail.',
    },
  },
  {
    mistake: 'looks at its options as they are configured',
    spoil: (sound) => ({
      start: (launch) => sound.start({ ...launch, resolve: async (options) => options as never }),
    }),
    found: {
      'P231, P232: what this launch wants counts more than what is configured':
        'There is no /no/such/folder/no-such-command.',
    },
  },
  {
    mistake: 'says nothing while it starts',
    spoil: (sound) => ({ start: (launch) => sound.start({ ...launch, progress: () => {} }) }),
    found: {
      'P810: a start tells how it goes on': 'No event has a message.',
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
      'P307: a missing command is named at once': 'Not a spawn failure: The start failed.',
    },
  },
  {
    mistake: 'keeps the whole environment in its state',
    spoil: (sound) => ({
      start: (launch) =>
        sound.start({
          ...launch,
          async saveState(state) {
            const environment = await launch.environment('http://127.0.0.1:1');
            await launch.saveState({ ...state, environment } as State);
          },
        }),
    }),
    found: {
      'P240: the environment arrives as the hub made it': 'JUPYTERHUB_SERVICE_URL is another.',
      "state is plain JSON, and holds no server's token; neither do progress and log":
        'The state holds the token.',
    },
  },
  {
    mistake: 'keeps things that are no JSON in its state',
    spoil: (sound) => ({
      start: (launch) =>
        sound.start({
          ...launch,
          saveState: (state) => launch.saveState({ ...state, since: new Date() } as never),
        }),
    }),
    found: {
      "state is plain JSON, and holds no server's token; neither do progress and log":
        'The state does not survive JSON.',
    },
  },
  {
    mistake: 'tells the token in its log',
    spoil: (sound) => ({
      start: (launch) =>
        sound.start({
          ...launch,
          async environment(bind) {
            const all = await launch.environment(bind);
            launch.log.debug({ env: all }, 'launching');
            return all;
          },
        }),
    }),
    found: {
      "state is plain JSON, and holds no server's token; neither do progress and log":
        'The log holds the token.',
    },
  },
  {
    mistake: 'makes a folder of whatever a user is called',
    spoil: (sound) => ({
      start: (launch) => {
        const escapedName = { replaceAll: () => launch.user.name } as never;
        return sound.start({ ...launch, user: { ...launch.user, escapedName } });
      },
    }),
    found: {
      "hostile names: a server runs as any other does, or is refused, and never in a folder above others'":
        '["..",""]: runs in /.',
    },
  },
];
