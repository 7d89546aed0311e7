import type { SpawnFailureCause } from '../plugin/index.ts';

const tellAdmin = 'Try again. If it happens again, tell an administrator the reference.';

/** What the owner can do about a failure whose maker says nothing better. Pages have their own, to be translated. */
export const remedies: Readonly<Record<SpawnFailureCause, string>> = {
  'command-not-found': 'Tell an administrator; trying again will not help.',
  exited: 'Try again with other options. If it happens again, the log tells why.',
  timeout: 'Try again. A busy machine is quicker a little later.',
  'not-listening': 'Look at the end of its log: it runs, but has not opened its port.',
  'wrong-port': 'Tell an administrator: the server listens elsewhere than it was told to.',
  'not-reachable': tellAdmin,
  'port-taken': 'Try again; another port is taken then.',
  refused: 'Choose other options.',
  throttled: 'Try again in a minute.',
  cancelled: 'Start it again whenever you like.',
  interrupted: 'Try again. The hub itself was restarted meanwhile.',
  'route-failed': 'Try again in a minute.',
  'stop-failed': 'Wait a minute: the stop is tried again.',
  'plugin-error': tellAdmin,
  system: 'Try again later. If it happens again, tell an administrator the reference.',
};
