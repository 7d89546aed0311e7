import { randomUUID } from 'node:crypto';
import { type Clock, HubError } from '@hub/core/plugin';
import {
  type GatedProcess,
  isAlive,
  launchGated,
  type ProcessExit,
  reservePort,
  stopProcesses,
  tailFile,
} from '@hub/posix';
import { parseAddress, withPort } from './address.ts';
import type { ApiClient } from './api-client.ts';
import { type ChpSettings, listenFlags } from './command-line.ts';
import { accepts, portError, requireFree } from './ports.ts';
import type { ProxyRecord, StateFolder } from './state-folder.ts';

/** What a launch needs. */
export interface LaunchDependencies {
  readonly settings: ChpSettings;
  readonly token: string;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: StateFolder;
  readonly api: ApiClient;
  readonly clock: Clock;
}

/** A proxy that runs as our child. */
export interface LaunchedChp {
  readonly record: ProxyRecord;
  /** Resolves when it ends. */
  readonly exited: Promise<ProcessExit>;
}

const owner = '@hub/proxy-chp';
/** Both ports must answer by then (P422: 15 s overall). */
const upWithin = 15_000;

/**
 * Starts CHP in a session of its own and resolves when both its ports answer. It is recorded before it runs, so a
 * hub that is killed at any moment leaves nothing unknown behind.
 *
 * @throws HubError HUB_START_FAILED; then nothing of it runs.
 */
export async function launchChp(dependencies: LaunchDependencies, signal: AbortSignal): Promise<LaunchedChp> {
  const { settings, token, env, folder } = dependencies;
  await requireFree(settings.publicAddress, 'the proxy');
  const apiUrl = await chooseApi(settings);
  const launchKey = randomUUID();
  const gated = await launchGated({
    command: [
      ...settings.command,
      ...settings.flags,
      ...listenFlags(parseAddress(apiUrl, 'apiUrl of the proxy'), 'api-'),
      ...settings.softFlags,
    ],
    // Never on the command line: that is public on the machine.
    env: { ...env, CONFIGPROXY_AUTH_TOKEN: token, HUB_LAUNCH_KEY: launchKey, HUB_LAUNCH_OWNER: owner },
    cwd: folder.path,
    logFile: folder.logFile,
  });
  const { command, flags } = settings;
  const record: ProxyRecord = {
    process: gated.identity,
    launchKey,
    api: { url: apiUrl, token },
    command,
    flags,
  };
  try {
    await folder.write(record);
    await gated.open();
    await untilUp(record, gated, dependencies, signal);
  } catch (error) {
    await gated.abandon();
    await stopChp(record);
    await folder.forget();
    throw error;
  }
  return { record, exited: gated.exited };
}

/** Ends a recorded proxy, if it is still the same process: SIGTERM, a wait, SIGKILL. */
export async function stopChp({ process, launchKey }: ProxyRecord): Promise<void> {
  await stopProcesses({ identity: process, launchKey, owner, now: true, timeouts: { term: 5, kill: 5 } });
}

/** Where the API is to be, or `null` when any free port will do. */
export function fixedApiUrl({ apiAddress }: ChpSettings): string | null {
  if (apiAddress.socket) return `http+unix://${encodeURIComponent(apiAddress.socket)}`;
  return apiAddress.port === 0 ? null : withPort(apiAddress, apiAddress.port);
}

async function chooseApi(settings: ChpSettings): Promise<string> {
  const { apiAddress } = settings;
  const fixed = fixedApiUrl(settings);
  if (!fixed) return withPort(apiAddress, (await reservePort(apiAddress.host)).port);
  await requireFree(apiAddress, 'the API of the proxy');
  return fixed;
}

async function untilUp(
  record: ProxyRecord,
  child: GatedProcess,
  { settings, folder, api, clock }: LaunchDependencies,
  signal: AbortSignal,
): Promise<void> {
  const end = clock.monotonic() + upWithin;
  const apiAddress = parseAddress(record.api.url, 'apiUrl of the proxy');
  for (;;) {
    signal.throwIfAborted();
    const log = await tailFile(folder.logFile, 4000);
    // CHP goes on without the port it could not get; only its log tells.
    const failed = /listen (E[A-Z]+)[^\n]*?(\d+)?$/m.exec(log);
    if (failed) {
      const isApi = Number(failed[2]) === apiAddress.port;
      const cause = Object.assign(new Error(failed[0]), { code: failed[1] });
      throw await portError(
        isApi ? apiAddress : settings.publicAddress,
        isApi ? 'the API of the proxy' : 'the proxy',
        cause,
      );
    }
    if (child.exit || !(await isAlive(record.process))) {
      const { code } = await child.exited;
      throw new HubError('HUB_START_FAILED', `the proxy ended at once with status ${code}`, {
        cause: new Error(await tailFile(folder.logFile, 4000)),
        hint: `See ${folder.logFile}.`,
      });
    }
    const up = (await api.ping(record.api, signal)) === 'ok' && (await accepts(settings.publicAddress));
    if (up) return;
    if (clock.monotonic() > end) {
      throw new HubError('HUB_START_FAILED', `the proxy did not answer within ${upWithin / 1000} s`, {
        hint: `See ${folder.logFile}.`,
      });
    }
    await clock.sleep(25, signal);
  }
}
