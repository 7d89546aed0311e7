import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Launch, Spawner } from '../../src/plugin/index.ts';

/** How the next starts go. */
export interface FakeScript {
  /** A start waits for this. */
  until?: Promise<void>;
  /** A start throws this. */
  error?: Error;
  /** Version of JupyterHub its servers report. */
  peerVersion?: string;
}

/** Servers inside the test's own process: each is a listener that answers 200. */
export interface FakeSpawner {
  readonly driver: Spawner;
  readonly script: FakeScript;
  readonly launches: readonly Launch[];
  /** The user's server ends by itself. */
  kill(user: string): Promise<void>;
  close(): Promise<void>;
}

/** Makes one; `more` adds optional abilities. */
export function fakeSpawner(more: Partial<Spawner> = {}): FakeSpawner {
  const running = new Map<string, { readonly user: string; readonly server: http.Server }>();
  const launches: Launch[] = [];
  const script: FakeScript = {};
  const end = async (key: string) => {
    const found = running.get(key);
    running.delete(key);
    found?.server.closeAllConnections();
    await new Promise((resolve) => (found ? found.server.close(resolve) : resolve(null)));
  };
  return {
    script,
    launches,
    driver: {
      async start(launch) {
        launches.push(launch);
        await script.until;
        if (script.error) throw script.error;
        const server = http.createServer((_request, response) => {
          response.writeHead(200, { 'x-jupyterhub-version': script.peerVersion ?? '6.1.1' }).end('here');
        });
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        await launch.saveState(null);
        running.set(launch.key, { user: launch.user.name, server });
        return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      },
      poll: async ({ key }) => (running.has(key) ? null : { code: 1 }),
      stop: async ({ key }) => end(key),
      ...more,
    },
    async kill(user) {
      for (const [key, one] of running) if (one.user === user) await end(key);
    },
    async close() {
      for (const key of running.keys()) await end(key);
    },
  };
}
