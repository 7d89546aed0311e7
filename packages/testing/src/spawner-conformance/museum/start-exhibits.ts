import type { Exhibit } from './failures.ts';
import type { State } from './sound-spawner.ts';

const forever = new AbortController().signal;

/** Mistakes people make with a start. */
export const startExhibits: readonly Exhibit[] = [
  {
    mistake: 'saves the state after the server runs',
    spoil: (sound) => ({
      async start(launch) {
        const states: State[] = [];
        const origin = await sound.start({ ...launch, saveState: async (state) => void states.push(state) });
        for (const state of states) await launch.saveState(state);
        return origin;
      },
    }),
    found: {
      'nothing runs before the state is saved': 'The server ran before its state was saved.',
      'a state that cannot be saved leaves nothing running': 'The server runs.',
      'P806: a cancelled start does not wait for its state to be saved':
        'The start still waits though it was cancelled.',
      'list does not name what never ran, or ended by itself': 'list forgets them: not within 3 s.',
    },
  },
  {
    mistake: 'goes on when the state cannot be saved',
    spoil: (sound) => ({
      start: (launch) =>
        sound.start({ ...launch, saveState: (state) => launch.saveState(state).catch(() => {}) }),
    }),
    found: {
      'a state that cannot be saved leaves nothing running':
        'Missing expected rejection: The start went on without its state.',
      'list does not name what never ran, or ended by itself': 'list forgets them: not within 3 s.',
    },
  },
  {
    mistake: 'saves a second state and does not mind when that fails',
    spoil: (sound) => ({
      async start(launch) {
        const states: State[] = [];
        const saveState = (state: State) => {
          states.push(state);
          return launch.saveState(state);
        };
        const origin = await sound.start({ ...launch, saveState });
        for (const state of states) await launch.saveState(state).catch(() => {});
        return origin;
      },
    }),
    found: {
      'P805: whichever state cannot be saved, nothing is left running':
        'Missing expected rejection: The start went on without state 2.',
    },
  },
  {
    mistake: 'does not notice that a start was cancelled',
    spoil: (sound) => ({
      start: (launch) => sound.start({ ...launch, signal: forever, saveState: async () => {} }),
    }),
    found: {
      'nothing runs before the state is saved': 'The state was never saved.',
      'a state that cannot be saved leaves nothing running':
        'Missing expected rejection: The start went on without its state.',
      'P806: a start cancelled before its state is saved leaves nothing':
        'Missing expected rejection: The start went on after it was cancelled.',
      'P806: a start that was cancelled before it began leaves nothing':
        'The start went on after it was cancelled.',
      'P230: a start cancelled while it waits for resolve, answered after the stop, leaves nothing':
        'The start went on after it was cancelled.',
      'P806: a cancelled start does not wait for its state to be saved':
        'The start went on after it was cancelled.',
      'P203: poll is null while a start is under way': 'poll finds it dead before it was launched.',
      'list does not name what never ran, or ended by itself': 'list forgets them: not within 3 s.',
    },
  },
  {
    mistake: 'waits for its state to be saved though it was cancelled',
    spoil: (sound) => ({ start: (launch) => sound.start({ ...launch, signal: forever }) }),
    found: {
      'P806: a cancelled start does not wait for its state to be saved':
        'The start still waits though it was cancelled.',
    },
  },
  {
    mistake: 'never answers for a name it does not like',
    spoil: (sound) => ({
      start: (launch) =>
        /^[a-z]+$/.test(launch.user.name) ? sound.start(launch) : new Promise<never>(() => {}),
    }),
    found: {
      "hostile names: a server runs as any other does, or is refused, and never in a folder above others'":
        '["..",""]: neither started nor refused.',
    },
  },
  {
    mistake: 'starts one server at a time and refuses others',
    spoil(sound) {
      let busy = false;
      return {
        async start(launch) {
          if (busy) throw new Error('Try again later.');
          busy = true;
          return await sound.start(launch).finally(() => {
            busy = false;
          });
        },
      };
    },
    found: {
      'starts at the same time get addresses of their own': 'Try again later.',
      'ten starts at once: all run, all are polled alive, all stop': 'Try again later.',
      'a stop touches no other server': 'Try again later.',
      'list names what runs and nothing else': 'Try again later.',
      'P811: pollAll answers for each server asked about': 'Try again later.',
      'P811: pollAll agrees with poll, whatever became of a server': 'Try again later.',
      'list names a server that is still coming up, each once, and so does another driver':
        'Try again later.',
      'P213: what is left of a server goes for good, twice without failing, and nothing of others':
        'Try again later.',
      'logs of a server hold nothing of another one': 'Try again later.',
    },
  },
];
