import { join } from 'node:path';
import {
  Clock,
  definePlugin,
  HubError,
  HubInfo,
  Proxy as HubProxy,
  InternalTls,
  type JsonValue,
  Logger,
  type PluginFactory,
  type ProxyRoute,
} from '@hub/core/plugin';
import { type ApiAccess, createApiClient } from './api-client.ts';
import { authTokenOf } from './auth-token.ts';
import { apiUrlOf, chpSettings } from './command-line.ts';
import { chpEnvironment } from './environment.ts';
import { chpOptions } from './options.ts';
import { bodyOfRoute, isObject, routeOfEntry } from './route-body.ts';
import { pathOfSpec } from './route-paths.ts';
import { superviseChp } from './supervisor.ts';
import { tlsFilesIn, writeTlsFiles } from './tls-files.ts';

/**
 * Drives configurable-http-proxy: starts it, or joins one that runs, and keeps it running (P421–P441).
 *
 * @example chpProxy({ apiUrl: 'http://127.0.0.1:0', sslKey: '/etc/hub/key.pem', sslCert: '/etc/hub/cert.pem' })
 */
export const chpProxy: PluginFactory<HubProxy, typeof chpOptions> = definePlugin({
  name: '@hub/proxy-chp',
  api: 1,
  provides: HubProxy,
  options: chpOptions,
  needs: { log: Logger, clock: Clock, hubInfo: HubInfo, tls: InternalTls },
  create: ({ options, log, clock, hubInfo, tls, lifecycle, id }): HubProxy => {
    const { hostRouting, shouldStart } = options;
    const token = authTokenOf(options, hubInfo, log);
    const apiUrl = apiUrlOf(options, tls.on);
    const toJoin = token === undefined ? null : { url: apiUrl, token };
    const folder = join(hubInfo.dataFolder, 'proxy-chp', id);
    const listeners = new Set<() => void>();
    const reset = () => {
      for (const listener of listeners) listener();
    };
    /** Given by `repoint`; before that the supervised proxy, or the one to join. */
    let elsewhere: ApiAccess | null = null;

    const api = createApiClient({
      access,
      concurrency: options.concurrency,
      clock,
      tls: tls.on ? () => ({ ...tls.toProxy(), name: tls.proxyName }) : null,
      // A proxy of somebody else that was away was most likely restarted; ours tells by itself.
      onReturn: () => {
        if (!supervisor || elsewhere) reset();
      },
    });
    const supervisor = shouldStart
      ? superviseChp({
          settings: chpSettings(options, hubInfo, tls.on ? tlsFilesIn(folder) : null),
          token,
          env: chpEnvironment(process.env, { ...errorPages(), ...options.env }),
          folder,
          checkInterval: options.checkInterval,
          api,
          clock,
          log,
          onReset: reset,
        })
      : null;

    let endRenewal = () => {};
    lifecycle.onStart(async (signal) => {
      if (tls.on) await takePart();
      if (supervisor) return supervisor.start(signal);
      await checkRunning(signal); // P428: a hub whose proxy does not answer does not start
      log.info({ apiUrl }, 'joined the proxy');
    });
    lifecycle.onStop(async (mode) => {
      endRenewal();
      await supervisor?.stop(mode);
      await api.close();
    });

    /** A proxy of somebody else gets its files from them, see `hub tls proxy`. */
    async function takePart(): Promise<void> {
      if (supervisor) await writeTlsFiles(folder, tls);
      if (supervisor && options.command)
        log.warn({}, 'the proxy of `command` checks servers by the names browsers ask for, not by launch');
      endRenewal = tls.onRenewal(() => {
        api.renew();
        if (!supervisor) return;
        writeTlsFiles(folder, tls).catch((err: unknown) =>
          log.error({ err }, 'the certificate of the proxy could not be renewed'),
        );
      });
    }

    function errorPages(): Record<string, string> {
      return tls.on && options.errorTarget === undefined ? { HUB_ERROR_PAGES_NAME: tls.hubName } : {};
    }

    function access(): ApiAccess {
      const now = elsewhere ?? (supervisor ? supervisor.access : toJoin);
      if (now) return now;
      throw new HubError('HUB_PROXY_UNAVAILABLE', 'the proxy is not started yet');
    }

    async function checkRunning(signal?: AbortSignal): Promise<void> {
      const to = access();
      const answer = await api.ping(to, signal);
      if (answer === 'ok') return;
      const why = answer === 'refused' ? 'does not take the token of the hub' : 'does not answer';
      throw new HubError('HUB_PROXY_UNAVAILABLE', `the proxy at ${to.url} ${why}`, {
        hint:
          answer === 'refused'
            ? 'Give both the same authToken or CONFIGPROXY_AUTH_TOKEN.'
            : 'Start it, or let the hub do so: shouldStart: true.',
      });
    }

    return {
      capabilities: { activity: true, hostRouting, unixTargets: true },
      async addRoute(route, signal) {
        await api.call('POST', pathOfSpec(route.spec, hostRouting), bodyOfRoute(route), signal);
      },
      async deleteRoute(spec, signal) {
        await api.call('DELETE', pathOfSpec(spec, hostRouting), undefined, signal);
      },
      async routes(signal) {
        const { body } = await api.call('GET', '', undefined, signal);
        const found = Object.entries(isObject(body) ? body : {})
          .map(([path, entry]) => routeOfEntry(path, entry, hostRouting))
          .filter((route): route is ProxyRoute => route !== null);
        return new Map(found.map((route) => [route.spec, route]));
      },
      async getRoute(spec, signal) {
        const path = pathOfSpec(spec, hostRouting);
        // CHP takes `/` for "all routes"; with one more slash it means the route `/`.
        const { status, body } = await api.call('GET', path === '/' ? '//' : path, undefined, signal);
        return status === 200 ? routeOfEntry(decodeURIComponent(path), body as JsonValue, hostRouting) : null;
      },
      checkRunning,
      watch(onReset) {
        listeners.add(onReset);
        return () => listeners.delete(onReset);
      },
      async repoint({ apiUrl, authToken }, signal) {
        const now = access();
        const to = { url: apiUrl?.replace(/\/+$/, '') ?? now.url, token: authToken ?? now.token };
        if (tls.on && to.url.startsWith('http:'))
          throw new HubError(
            'HUB_BAD_REQUEST',
            `${to.url} is not encrypted, and the hub encrypts what goes to the proxy`,
          );
        const before = elsewhere;
        elsewhere = to;
        try {
          await checkRunning(signal);
        } catch (error) {
          elsewhere = before;
          throw error;
        }
        reset();
      },
    };
  },
});
