export { httpOrigin, reachable } from './address.ts';
export { findCommand } from './find-command.ts';
export {
  type GatedProcess,
  type LaunchOptions,
  launchGated,
  type ProcessExit,
  type RunAs,
} from './launch.ts';
export { isLaunchError, type LaunchError, type LaunchErrorReason } from './launch-error.ts';
export { familyOf, type LaunchNames } from './launch-family.ts';
export {
  findByLaunchKey,
  type LaunchedProcess,
  launchedProcesses,
  launchKeysOf,
  launchKeyVariable,
  launchOwnerVariable,
} from './launch-key.ts';
export {
  type ListenerOwner,
  type ListenerQuestion,
  type ListeningSocket,
  listenerOwner,
  listenersOf,
  listeningSockets,
  waitForListener,
} from './listener.ts';
export { openLogFile, tailFile, trimLogFile } from './log-file.ts';
export { type PortRange, type PortReservation, reservePort } from './ports.ts';
export { bootId, identify, isAlive, type ProcessIdentity } from './process-identity.ts';
export { type StopOptions, type StopTimeouts, stopProcesses } from './stop-processes.ts';
