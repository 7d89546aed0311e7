import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Sees which trivial servers run: each holds a connection to it as long as it lives. */
export interface Witness extends AsyncDisposable {
  /** What a server needs to find it: host and port. */
  readonly address: string;
  /** The keys of all servers that ever ran. */
  seen(): readonly string[];
  /** How many of its processes run now. */
  running(key: string): number;
  /** The signals it got so far. */
  signals(key: string): readonly string[];
  /** Resolves when it runs; rejects after `seconds`. */
  arrival(key: string, seconds: number): Promise<void>;
}

/** Opens a witness on the given address, which servers must be able to reach. */
export async function openWitness(host: string): Promise<Witness> {
  const running = new Map<string, Set<Socket>>();
  const signals = new Map<string, string[]>();

  const server = createServer((socket) => {
    let key = '';
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (!line.startsWith('hello ')) signals.get(key)?.push(line);
        else {
          key = line.slice('hello '.length);
          running.set(key, (running.get(key) ?? new Set()).add(socket));
          signals.set(key, signals.get(key) ?? []);
        }
      }
    });
    // A killed server resets its connection; `close` follows.
    socket.on('error', () => {});
    socket.on('close', () => running.get(key)?.delete(socket));
  });
  server.listen(0, host);
  await once(server, 'listening');
  const bound = server.address();
  const port = typeof bound === 'object' && bound ? bound.port : 0;

  return {
    address: `${host} ${port}`,
    seen: () => [...running.keys()],
    running: (key) => running.get(key)?.size ?? 0,
    signals: (key) => signals.get(key) ?? [],
    async arrival(key, seconds) {
      const end = performance.now() + seconds * 1000;
      while (!running.has(key)) {
        if (performance.now() > end) throw new Error(`The server did not run within ${seconds} s.`);
        await sleep(10);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const sockets of running.values()) for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
