export { runsAnythingAs } from './account-processes.ts';
export { httpOrigin, reachable } from './address.ts';
export { type ControlGroups, type GroupLimits, openControlGroups } from './control-groups.ts';
export { findCommand } from './find-command.ts';
export { type GivenSecret, givenSecret, type SecretSources } from './given-secret.ts';
export {
  type GatedProcess,
  type LaunchOptions,
  launchGated,
} from './launch.ts';
export { isLaunchError, type LaunchError, type LaunchErrorReason } from './launch-error.ts';
export { familyOf, type LaunchNames } from './launch-family.ts';
export { type LaunchFiles, type LaunchFilesOptions, launchFiles, volatileFolder } from './launch-files.ts';
export {
  findByLaunchKey,
  type LaunchedProcess,
  launchedProcesses,
  launchKeysOf,
  launchKeyVariable,
  launchMarks,
  launchOwnerVariable,
  ownerMark,
} from './launch-key.ts';
export { createLauncher, type Launcher } from './launcher/launcher.ts';
export {
  type ListenerOwner,
  type ListenerQuestion,
  type ListeningSocket,
  listenerOwner,
  listenersOf,
  listeningSockets,
  waitForListener,
} from './listener.ts';
export { type LogOwner, openLogFile, removeLogFile, tailFile, trimLogFile } from './log-file.ts';
export { type Looked, type LookQuestion, lookAs, type MissingFolder } from './look-as.ts';
export { type AccountCommand, addUserCommandOption, type MadeAccount, makeAccount } from './make-account.ts';
export { type Accounts, createAccounts } from './os-helper/accounts.ts';
export { type HelperFailure, type HelperFailureReason, isHelperFailure } from './os-helper/helper-failure.ts';
export type { HelperPoolOptions } from './os-helper/helper-pool.ts';
export type { PamSurroundings, TextEncoding } from './os-helper/messages.ts';
export type { Account, Group } from './os-helper/name-service-types.ts';
export {
  createPam,
  isPossibleAccountName,
  type Pam,
  type PamOptions,
  type PamRequest,
} from './os-helper/pam.ts';
export type { BrokenReason, PamVerdict, RefusalReason } from './os-helper/verdict.ts';
export { endKeeper } from './pam-session/end-keeper.ts';
export { readExit } from './pam-session/exit-record.ts';
export type { SessionPlan } from './pam-session/messages.ts';
export {
  choosePort,
  type PortChoice,
  type PortRange,
  type PortReservation,
  reservePort,
  saysPortTaken,
} from './ports.ts';
export { couldNotRun, exitOfStatus, exitUnseen, type ProcessExit } from './process-exit.ts';
export { bootId, identify, isAlive, type ProcessIdentity } from './process-identity.ts';
export { type ProcessInfo, readProcess } from './process-table.ts';
export type { RunAs } from './run-as.ts';
export { makeFolderFor, makeSafeFolder, requireSafeFolder } from './safe-folder.ts';
export { isSecretError, type SecretError } from './secret-error.ts';
export { quotedPath, readSecretFile } from './secret-file.ts';
export { isShortage } from './shortage.ts';
export { type StopOptions, type StopTimeouts, stopProcesses } from './stop-processes.ts';
export { unlessAborted } from './unless-aborted.ts';
