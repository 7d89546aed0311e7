import { databaseNow } from '../kernel/index.ts';

/** A row in which nothing of a launch is left. */
export const withoutLaunch = {
  owner: null,
  state: null,
  target: null,
  host: null,
  tokenId: null,
  oauthClientId: null,
  startingAt: null,
} as const;

/** What becomes of a row when its server is stopped. */
export const stoppedRow = {
  ...withoutLaunch,
  phase: 'stopped',
  readyAt: null,
  stopTries: 0,
  retryIn: null,
  takeOvers: 0,
  lastActivity: databaseNow,
} as const;
