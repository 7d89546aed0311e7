import { join, resolve } from 'node:path';
import {
  definePlugin,
  HubInfo,
  InternalTls,
  type Launch,
  type RunningServer,
  Spawner,
} from '@hub/core/plugin';
import {
  createAccounts,
  exitUnseen,
  httpOrigin,
  listenerOwner,
  ownerMark,
  reachable,
  removeLogFile,
  tailFile,
  trimLogFile,
} from '@hub/posix';
import { accountOf } from './account.ts';
import { certificateKey } from './certificates.ts';
import { checkRule } from './check-rule.ts';
import { diagnose } from './diagnose.ts';
import { type LaunchedServer, withoutCertificates } from './launch-server.ts';
import { lives } from './lives.ts';
import { createMediator } from './mediator.ts';
import { sudoSpawnerOptions } from './options.ts';
import { endOf, startServer } from './start-server.ts';
import type { SudoState } from './state.ts';
import { stopServer } from './stop-server.ts';

type Running = RunningServer<SudoState>;

/**
 * Starts servers as their users from a hub that is not root, through one rule of sudo (P321–P328). They outlive the
 * hub and are found again by pid, start time and boot id.
 *
 * @example
 * sudoSpawner({ mediatorPath: '/opt/jupyter/bin/hub-sudo-mediator.mjs', defaultUrl: '/lab' })
 */
export const sudoSpawner = definePlugin({
  name: '@hub/spawner-sudo',
  api: 1,
  provides: Spawner,
  options: sudoSpawnerOptions,
  needs: { hub: HubInfo, tls: InternalTls },
  create: ({ options, hub, tls, lifecycle, id }): Spawner<SudoState> => {
    const mediator = createMediator(options);
    const accounts = createAccounts();
    const starting = new Set<string>();
    const launched = new Map<string, { readonly key: string; readonly server: LaunchedServer }>();
    const stopped = new AbortController();
    const owner = ownerMark(hub.dataFolder, id);
    const folder = options.logFolder || join(hub.dataFolder, 'spawner-sudo', id);
    const logFile = (serverId: string) => join(resolve(folder), `${encodeURIComponent(serverId)}.log`);
    const logOf = ({ state, server }: Running) => state?.logFile ?? logFile(server.id);
    const ownChild = ({ key, server }: Running) => {
      const found = launched.get(server.id);
      return found?.key === key ? found.server : null;
    };

    lifecycle.onStart(async () => {
      if (tls.on && !(await mediator.hasCertificates())) throw withoutCertificates(options);
    });
    lifecycle.onStop(async () => {
      stopped.abort();
      await accounts.close();
    });

    return {
      hostBound: true,
      placesCertificates: true,

      address: async ({ state }) => (state ? httpOrigin(reachable(state.ip), state.port) : null),

      async owns({ key, state }) {
        if (!state) return null;
        const { ip: address, port, uid } = state;
        const owner = await listenerOwner({ address, port, identity: state, launchKey: key, uid });
        return owner === 'ours' ? true : owner === 'another' ? false : null;
      },

      diagnose,

      checkConfig: () => checkRule(options),

      async start(launch: Launch<SudoState>) {
        starting.add(launch.key);
        try {
          return await startServer(launch, {
            options,
            mediator,
            accounts,
            owner,
            logFile,
            launched: ({ key }, server) => void launched.set(launch.server.id, { key, server }),
            stopped: stopped.signal,
          });
        } finally {
          starting.delete(launch.key);
        }
      },

      async poll(server) {
        const { state, key, log } = server;
        if (starting.has(key)) return null;
        const child = ownChild(server);
        // Without state nothing was released: what waited at the gate has ended.
        if (!state) return exitUnseen(null);
        if (!(await lives(state))) return (child && (await endOf(child))) ?? exitUnseen(state.pid);
        await trimLogFile(state.logFile, options.logSize).catch((err: unknown) => {
          log.warn({ err, path: state.logFile }, 'the log of a server could not be cut');
        });
        return null;
      },

      async stop(server, how) {
        const { state, key, signal } = server;
        const polite = [['SIGINT', options.interruptTimeout]] as const;
        const ladder = [
          ...(how === 'politely' ? polite : []),
          ['SIGTERM', options.termTimeout],
          ['SIGKILL', options.killTimeout],
        ] as const;
        const account = await accountFor(server);
        await stopServer({ state, account, key, ladder, signal }, mediator);
        if (tls.on && account) await discard(server, account);
        if (ownChild(server)) launched.delete(server.server.id);
      },

      logs: (server, bytes) => tailFile(logOf(server), bytes),

      deleteForever: ({ server }) => removeLogFile(logFile(server.id)),
    };

    /** What stays behind is the user's own, and of no use without the server. */
    async function discard({ key, log }: Running, account: string): Promise<void> {
      await mediator.discard(account, certificateKey(owner, key)).catch((err: unknown) => {
        log.warn({ err }, 'the certificates of a server could not be removed');
      });
    }

    /** Where to look for a server of which nothing is recorded; null when its owner has no account. */
    async function accountFor({ state, server }: Running): Promise<string | null> {
      if (state) return state.account;
      const found = await accountOf(server.owner.name, accounts).catch(() => null);
      return found?.name ?? null;
    }
  },
});
