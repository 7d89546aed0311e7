import { join, resolve } from 'node:path';
import { definePlugin, HubInfo, Logger, type RunningServer, Spawner } from '@hub/core/plugin';
import {
  createAccounts,
  createLauncher,
  exitUnseen,
  findByLaunchKey,
  httpOrigin,
  isAlive,
  launchKeysOf,
  listenerOwner,
  ownerMark,
  reachable,
  removeLogFile,
  stopProcesses,
  tailFile,
  trimLogFile,
} from '@hub/posix';
import { certificateFolders } from './certificates.ts';
import { createChildren } from './children.ts';
import { diagnose } from './diagnose.ts';
import { serverLimits } from './limits.ts';
import { localSpawnerOptions } from './options.ts';
import { closeSession, forgetExit, isUnkept, keeperOf, recordedExit } from './session.ts';
import { startServer } from './start-server.ts';
import type { LocalState } from './state.ts';
import { checkSurroundings, doubts } from './surroundings.ts';

type Running = RunningServer<LocalState>;

/**
 * Starts servers as processes on the hub's own machine (P301–P309). They outlive the hub and are found again by
 * pid, start time and boot id.
 *
 * @example
 * localSpawner({ runAs: 'user', defaultUrl: '/lab', memLimit: '2G', pidsLimit: 2000 })
 */
export const localSpawner = definePlugin({
  name: '@hub/spawner-local',
  api: 1,
  provides: Spawner,
  options: localSpawnerOptions,
  needs: { log: Logger, hub: HubInfo },
  create: ({ options, log, hub, lifecycle, id }): Spawner<LocalState> => {
    const children = createChildren();
    const starting = new Set<string>();
    const stopped = new AbortController();
    const accounts = createAccounts({ helpers: 2 });
    const launcher = createLauncher();
    const owner = ownerMark(hub.dataFolder, id);
    const limits = serverLimits(options, owner);
    const folder = options.logFolder || join(hub.dataFolder, 'spawner-local', id);
    const certificates = certificateFolders(resolve(hub.dataFolder, 'spawner-local', id), owner);
    const logFile = (serverId: string) => join(resolve(folder), `${encodeURIComponent(serverId)}.log`);
    const logOf = ({ state, server }: Running) => state?.logFile ?? logFile(server.id);

    const trim = (path: string) =>
      trimLogFile(path, options.logSize).catch((err: unknown) => {
        log.warn({ err, path }, 'the log of a server could not be cut');
      });

    lifecycle.onStart(async () => {
      await checkSurroundings(options, hub.bindUrl, logFile(''));
      const { options: unkept, occupied } = await limits.unkept();
      if (unkept.length > 0)
        log.warn(
          { options: unkept, ...(occupied && { occupied }) },
          'limits of servers are told to them and kept by nobody',
        );
    });
    lifecycle.onStop(async () => {
      stopped.abort();
      launcher.close();
      await accounts.close();
    });

    return {
      hostBound: true,
      placesCertificates: true,

      address: async ({ state }) => (state ? httpOrigin(reachable(state.ip), state.port) : null),

      async owns({ key, state }) {
        if (!state) return null;
        const { ip: address, port } = state;
        const uid = state.uid ?? process.getuid?.();
        const members = () => limits.members(key);
        const owner = await listenerOwner({ address, port, identity: state, launchKey: key, uid, members });
        return owner === 'ours' ? true : owner === 'another' ? false : null;
      },

      diagnose: async (server) => diagnose(server),

      async start(launch) {
        starting.add(launch.key);
        try {
          const signal = stopped.signal;
          return await startServer(launch, {
            options,
            owner,
            children,
            accounts,
            launcher,
            limits,
            logFile,
            certificates,
            stopped: signal,
          });
        } finally {
          starting.delete(launch.key);
        }
      },

      async poll(server) {
        if (starting.has(server.key)) return null;
        const child = children.get(server);
        if (child) {
          // A dead child may not have been collected yet: its status is about to come.
          if (!(await isAlive(child.process.identity)))
            return await limits.explained(server.key, await child.process.exited);
          await trim(child.logFile);
          return null;
        }
        if (!server.state) {
          const found = await findByLaunchKey(server.key, owner);
          return found.length > 0 || (await limits.members(server.key)).length > 0 ? null : exitUnseen(null);
        }
        if (!(await isAlive(server.state))) {
          const exit = (await recordedExit(server.state)) ?? exitUnseen(server.state.pid);
          return await limits.explained(server.key, exit);
        }
        await trim(server.state.logFile);
        return null;
      },

      async stop(server, how) {
        const child = children.get(server);
        const identity = server.state ?? child?.process.identity ?? null;
        const keeper = keeperOf(server, child);
        const unkept = await isUnkept(identity, keeper);
        await stopProcesses({
          identity,
          launchKey: server.key,
          owner,
          uid: server.state?.uid,
          members: () => limits.members(server.key),
          now: how === 'now',
          timeouts: {
            interrupt: options.interruptTimeout,
            term: options.termTimeout,
            kill: options.killTimeout,
          },
          signal: server.signal,
        });
        await closeSession(keeper, unkept, server);
        await limits.remove(server);
        await certificates.remove(server.key);
        children.forget(server);
      },

      checkConfig: () => doubts(options),

      list: () => launchKeysOf(owner),

      logs: (server, bytes) => tailFile(logOf(server), bytes),

      async deleteForever({ server }) {
        await removeLogFile(logFile(server.id));
        await forgetExit(logFile(server.id));
      },
    };
  },
});
