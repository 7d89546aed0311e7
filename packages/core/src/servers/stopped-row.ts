import { databaseNow } from '../kernel/index.ts';

/** What becomes of a row when its server is stopped: nothing of the launch is left in it. */
export const stoppedRow = {
  phase: 'stopped',
  owner: null,
  state: null,
  target: null,
  host: null,
  tokenId: null,
  oauthClientId: null,
  startingAt: null,
  readyAt: null,
  stopTries: 0,
  retryIn: null,
  takeOvers: 0,
  lastActivity: databaseNow,
} as const;
