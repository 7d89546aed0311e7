import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type Clock, HubError, type Logger, type StopMode } from '@hub/core/plugin';
import { isAlive, trimLogFile } from '@hub/posix';
import type { ApiAccess, ApiClient } from './api-client.ts';
import type { ChpSettings } from './command-line.ts';
import { fixedApiUrl, type LaunchedChp, launchChp, stopChp } from './launch-chp.ts';
import { openStateFolder, type ProxyRecord, type StateFolder } from './state-folder.ts';

/** What {@link superviseChp} needs. */
export interface SupervisorDependencies {
  readonly settings: ChpSettings;
  /** As configured; `undefined`: the recorded one, or a new one. */
  readonly token: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly checkInterval: number;
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** The proxy in use may have no routes. */
  readonly onReset: () => void;
}

/** Sees to it that one CHP runs, whoever of the hubs on this machine started it. */
export interface Supervisor {
  /** Where its API is now; `null` before the start. */
  readonly access: ApiAccess | null;
  start(signal: AbortSignal): Promise<void>;
  stop(mode: StopMode): Promise<void>;
}

const longestPause = 30_000;
const steadyAfter = 60_000;
const logLimit = 20 << 20;

/** Starts or joins CHP, restarts it when it dies, and leaves or stops it at the end. */
export function superviseChp(dependencies: SupervisorDependencies): Supervisor {
  const { settings, api, clock, log, onReset } = dependencies;
  const closing = new AbortController();
  let folder: StateFolder | null = null;
  let record: ProxyRecord | null = null;
  let leave: (() => Promise<void>) | null = null;
  let endChecks = () => {};
  let reviving: Promise<void> | null = null;
  let pause = 0;
  let upSince = 0;

  /** The proxy that serves from now on: one that runs, or a new one. */
  async function obtain(state: StateFolder, signal: AbortSignal): Promise<ProxyRecord> {
    return state.locked(clock, signal, async () => {
      const mine = await choose(state, signal);
      // Under the same lock, or a hub that leaves now would stop it as the last one.
      leave ??= await state.join();
      return mine;
    });
  }

  async function choose(state: StateFolder, signal: AbortSignal): Promise<ProxyRecord> {
    const found = await state.read();
    if (found && (await isAlive(found.process))) {
      const difference = differs(found);
      if (!difference && (await api.ping(found.api, signal)) === 'ok') return joined(found);
      if (await state.isUsed()) {
        log.warn(
          { pid: found.process.pid, difference },
          'another hub uses the proxy with other settings; joined as it is',
        );
        return found;
      }
      log.warn({ pid: found.process.pid, difference }, 'the proxy of an earlier hub is replaced');
      await stopChp(found);
    }
    await state.forget();
    const token = dependencies.token ?? found?.api.token ?? randomBytes(32).toString('hex');
    return launched(
      await launchChp({ settings, token, env: dependencies.env, folder: state, api, clock }, signal),
    );
  }

  /** What an earlier proxy has other than we want, or `''`; never the token itself. */
  function differs(found: ProxyRecord): string {
    if (dependencies.token && dependencies.token !== found.api.token) return 'token';
    if (!isDeepStrictEqual(found.flags, settings.flags)) {
      const wanted = settings.flags.filter((flag) => !found.flags.includes(flag));
      const had = found.flags.filter((flag) => !settings.flags.includes(flag));
      return `flags: ${had.join(' ')} -> ${wanted.join(' ')}`;
    }
    const apiUrl = fixedApiUrl(settings);
    return apiUrl && apiUrl !== found.api.url ? 'apiUrl' : '';
  }

  function joined(found: ProxyRecord): ProxyRecord {
    log.info({ pid: found.process.pid, apiUrl: found.api.url }, 'joined the running proxy');
    if (!isDeepStrictEqual(found.command, settings.command)) {
      log.info(
        { pid: found.process.pid },
        'the proxy was started by another command, which is used until it ends',
      );
    }
    return found;
  }

  function launched({ record: mine, exited }: LaunchedChp): ProxyRecord {
    log.info({ pid: mine.process.pid, apiUrl: mine.api.url }, 'proxy started');
    void exited.then(({ code }) => {
      if (closing.signal.aborted || !isDeepStrictEqual(record?.process, mine.process)) return;
      log.error({ pid: mine.process.pid, code }, 'the proxy ended');
      revive();
    });
    return mine;
  }

  function revive(): void {
    if (closing.signal.aborted) return;
    reviving ??= reviveUntilUp().finally(() => {
      reviving = null;
    });
  }

  async function reviveUntilUp(): Promise<void> {
    if (clock.monotonic() - upSince > steadyAfter) pause = 0;
    let told = '';
    while (folder && !closing.signal.aborted) {
      try {
        if (pause > 0) await clock.sleep(pause, closing.signal);
        pause = Math.min(Math.max(pause * 2, 500), longestPause);
        await adopt(await obtain(folder, closing.signal));
        return;
      } catch (error) {
        if (closing.signal.aborted) return;
        const text = error instanceof Error ? error.message : String(error);
        if (text !== told) log.error({ err: error }, 'the proxy could not be restarted; trying again');
        told = text;
      }
    }
  }

  async function adopt(next: ProxyRecord): Promise<void> {
    const changed = record !== null && !isDeepStrictEqual(record.process, next.process);
    record = next;
    upSince = clock.monotonic();
    if (changed) onReset();
    // It may have ended while it was not ours to watch yet.
    if (!(await isAlive(next.process))) setImmediate(revive);
  }

  async function check(): Promise<void> {
    if (!folder || !record || reviving || closing.signal.aborted) return;
    try {
      await trimLogFile(folder.logFile, logLimit);
      if (await isAlive(record.process)) return;
      log.error({ pid: record.process.pid }, 'the proxy is gone');
      revive();
    } catch (error) {
      log.error({ err: error }, 'the proxy could not be looked after');
    }
  }

  return {
    get access() {
      return record?.api ?? null;
    },
    async start(outer) {
      const signal = AbortSignal.any([outer, closing.signal]);
      folder = await openStateFolder(dependencies.folder);
      record = await obtain(folder, signal);
      upSince = clock.monotonic();
      endChecks = clock.every(dependencies.checkInterval * 1000, check);
    },
    async stop({ keepProxy }) {
      closing.abort(new HubError('HUB_UNAVAILABLE', 'the hub is stopping'));
      endChecks();
      await reviving;
      const state = folder;
      if (!state || !record) return; // the start did not get so far
      await state.locked(clock, AbortSignal.timeout(30_000), async () => {
        await leave?.();
        const last = await state.read();
        if (!last) return;
        if (keepProxy) return log.info({ pid: last.process.pid }, 'the proxy stays');
        if (await state.isUsed())
          return log.info({ pid: last.process.pid }, 'the proxy stays for another hub');
        await stopChp(last);
        await state.forget();
        log.info({ pid: last.process.pid }, 'proxy stopped');
      });
      folder = null;
    },
  };
}
