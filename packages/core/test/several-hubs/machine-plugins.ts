import {
  definePlugin,
  type PluginInstance,
  type ProxyRoute,
  Proxy as ProxyToken,
  Spawner,
  spawnerOptions,
} from '../../src/plugin/index.ts';

/** Where the machine answers, and which hub asks. */
export interface MachineAddress {
  readonly url: string;
  readonly host: string;
}

/** Launches servers on the machine; any hub can look after them. */
export function machineSpawner(machine: MachineAddress): PluginInstance<Spawner> {
  const ask = asker(machine);
  const plugin = definePlugin({
    name: 'machine-spawner',
    version: '1',
    api: 1,
    provides: Spawner,
    options: { type: 'object', properties: { ...spawnerOptions } } as const,
    create: (): Spawner => ({
      async start(launch) {
        await launch.saveState({ key: launch.key });
        return String(await ask('POST', '/servers', { key: launch.key, user: launch.user.name }));
      },
      poll: async ({ key }) => ((await ask('GET', '/server', { key })) === null ? { code: 1 } : null),
      async stop({ key }) {
        await ask('DELETE', '/servers', { key });
      },
      async address({ key }) {
        const origin = await ask('GET', '/server', { key });
        return origin === null ? null : String(origin);
      },
      list: async () => (await ask<string[]>('GET', '/servers', {})) ?? [],
    }),
  });
  return plugin();
}

/** Keeps routes on the machine. */
export function machineProxy(machine: MachineAddress): PluginInstance<ProxyToken> {
  const ask = asker(machine);
  const plugin = definePlugin({
    name: 'machine-proxy',
    version: '1',
    api: 1,
    provides: ProxyToken,
    options: { type: 'object', properties: {}, additionalProperties: false },
    create: (): ProxyToken => ({
      async addRoute(route) {
        await ask('POST', '/routes', {}, route);
      },
      async deleteRoute(spec) {
        await ask('DELETE', '/routes', { spec });
      },
      async routes() {
        const all = (await ask<ProxyRoute[]>('GET', '/routes', {})) ?? [];
        return new Map(all.map((route) => [route.spec, route]));
      },
    }),
  });
  return plugin();
}

function asker({ url, host }: MachineAddress) {
  return async <T = unknown>(
    method: string,
    path: string,
    query: Readonly<Record<string, string>>,
    body?: unknown,
  ): Promise<T | null> => {
    const target = new URL(`${path}?${new URLSearchParams({ ...query, host })}`, url);
    const answer = await fetch(target, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`the machine answered ${answer.status}`);
    // The machine is part of this test; what it answers is known.
    return (await answer.json()) as T | null;
  };
}
