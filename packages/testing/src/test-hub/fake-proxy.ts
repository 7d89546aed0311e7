import { definePlugin, type PluginInstance, type ProxyRoute, Proxy as ProxyToken } from '@hub/core/plugin';

/** A proxy's table in memory. Several hubs may share one, as they would a real proxy. */
export class FakeProxyTable {
  readonly routes = new Map<string, ProxyRoute>();
  /** What was done to it, oldest first: `add /user/ada/`, `delete /user/ada/`. */
  readonly story: string[] = [];
  /** While set, every call is refused with it. */
  refusal: Error | null = null;
  readonly #watchers = new Set<() => void>();

  /** Loses all routes, as a restarted proxy does, and tells the hubs. */
  reset(): void {
    this.routes.clear();
    for (const watcher of this.#watchers) watcher();
  }

  /** Where requests for `path` go: the target of the longest prefix. */
  targetOf(path: string): string | null {
    const specs = [...this.routes.keys()].filter((spec) => `${path}/`.startsWith(spec));
    const [longest] = specs.sort((a, b) => b.length - a.length);
    return longest === undefined ? null : (this.routes.get(longest)?.target ?? null);
  }

  /** Called at each reset; returns how to end that. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

/** A `Proxy` over such a table. */
export function fakeProxy(table: FakeProxyTable): PluginInstance<ProxyToken> {
  const plugin = definePlugin({
    name: '@hub/testing/fake-proxy',
    version: '1',
    api: 1,
    provides: ProxyToken,
    options: { type: 'object', properties: {}, additionalProperties: false },
    create: (): ProxyToken => ({
      async addRoute(route) {
        if (table.refusal) throw table.refusal;
        table.routes.set(route.spec, route);
        table.story.push(`add ${route.spec}`);
      },
      async deleteRoute(spec) {
        if (table.refusal) throw table.refusal;
        table.routes.delete(spec);
        table.story.push(`delete ${spec}`);
      },
      async routes() {
        if (table.refusal) throw table.refusal;
        return new Map(table.routes);
      },
      watch: (onReset) => table.watch(onReset),
    }),
  });
  return plugin();
}
