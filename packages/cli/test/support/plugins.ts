import { setTimeout as sleep } from 'node:timers/promises';
import { defineHub, type HubConfig } from '@hub/core';
import {
  Authenticator,
  definePlugin,
  Logger,
  type ProxyRoute,
  Proxy as ProxyToken,
  Spawner,
} from '@hub/core/plugin';

/** Nobody signs in here: these hubs are asked by token. */
const authenticator = definePlugin({
  name: '@test/auth-nobody',
  api: 1,
  provides: Authenticator,
  options: { type: 'object', properties: { password: { type: 'string', secret: true } } },
  create: () => ({ login: { none: true as const }, authenticate: async () => null }),
});

const spawner = definePlugin({
  name: '@test/spawner-none',
  api: 1,
  provides: Spawner,
  options: {
    type: 'object',
    properties: {
      runAs: { type: 'string' },
      environment: { type: 'object', additionalProperties: { type: 'string' } },
    },
  },
  create: () => ({
    placesCertificates: true,
    start: async () => {
      throw new Error('There are no servers here');
    },
    poll: async () => ({ code: 0 }),
    stop: async () => undefined,
  }),
});

const table = definePlugin({
  name: '@test/proxy-table',
  api: 1,
  provides: ProxyToken,
  options: {
    type: 'object',
    properties: {
      startSeconds: { type: 'number', default: 0 },
      stopSeconds: { type: 'number', default: 0 },
      says: { type: 'string', default: '' },
      leavesTimer: { type: 'boolean', default: false },
      losesPromise: { type: 'boolean', default: false },
    },
  },
  needs: { log: Logger },
  create({ options, lifecycle, log }) {
    const routes = new Map<string, ProxyRoute>();
    lifecycle.onStart(async (signal) => {
      if (options.says) log.info({}, options.says);
      if (options.leavesTimer) setInterval(() => undefined, 60_000);
      await sleep(options.startSeconds * 1000, undefined, { signal });
      if (options.losesPromise) void Promise.reject(new Error('nobody listens'));
    });
    lifecycle.onStop(async () => {
      await sleep(options.stopSeconds * 1000);
    });
    return {
      addRoute: async (route) => void routes.set(route.spec, route),
      deleteRoute: async (spec) => void routes.delete(spec),
      routes: async () => new Map(routes),
    };
  },
});

type ProxyOptions = NonNullable<Parameters<typeof table>[0]>;

/** A hub of parts that start nothing of their own. */
export function emptyHub(config: Omit<HubConfig, 'plugins'>, proxy: ProxyOptions = {}): HubConfig {
  return defineHub({ plugins: [authenticator(), spawner(), table(proxy)], ...config });
}

export { authenticator, spawner, table };
