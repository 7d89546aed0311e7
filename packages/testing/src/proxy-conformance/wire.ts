import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import type { TestTarget } from './under-test.ts';

/** What came back through the proxy. */
export interface Seen {
  readonly status: number;
  /** Told by a test target; empty from anybody else. */
  readonly name: string;
  readonly url: string;
  readonly method: string;
  readonly body: string;
}

/** Sends a request exactly as written: no path is normalised. */
export async function ask(origin: string, path: string, method = 'GET', body = ''): Promise<Seen> {
  const { hostname, port } = new URL(origin);
  const headers = body ? { 'content-length': Buffer.byteLength(body) } : {}; // Node leaves it out for DELETE
  const sent = request({ hostname, port, path, method, headers, agent: false, timeout: 10_000 });
  sent.on('timeout', () => sent.destroy(new Error(`no answer for ${path} within 10 s`)));
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const text = Buffer.concat(await answer.toArray()).toString();
  const told = answer.headers['x-test-target'] ? (JSON.parse(text) as Omit<Seen, 'status'>) : null;
  return { status: answer.statusCode ?? 0, ...(told ?? { name: '', url: '', method: '', body: text }) };
}

/** Starts a server that tells what reached it and returns on a websocket whatever it is sent. */
export async function startTarget(name: string): Promise<TestTarget> {
  const sockets = new Set<Socket>();
  const server = createServer(async (incoming, answer) => {
    const body = Buffer.concat(await incoming.toArray()).toString();
    answer.setHeader('x-test-target', 'yes');
    answer.end(JSON.stringify({ name, url: incoming.url, method: incoming.method, body }));
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  });
  server.on('upgrade', (incoming, socket) => {
    const key = `${incoming.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (typeof bound !== 'object' || !bound) throw new Error('the test target has no port');
  return {
    name,
    origin: `http://127.0.0.1:${bound.port}`,
    async stop() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** An open websocket, of which the suite only needs that bytes go there and back. */
export interface OpenSocket {
  /** Sends text and waits for the same to come back. */
  echo(text: string): Promise<string>;
  readonly isOpen: boolean;
  close(): void;
}

/** Opens a websocket; rejects when the upgrade is refused. */
export async function openSocket(origin: string, path: string): Promise<OpenSocket> {
  const { hostname, port } = new URL(origin);
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.from('conformance-suit').toString('base64'),
  };
  const sent = request({ hostname, port, path, headers, agent: false, timeout: 10_000 });
  sent.on('timeout', () => sent.destroy(new Error(`no websocket at ${path} within 10 s`)));
  sent.on('response', ({ statusCode }) =>
    sent.destroy(new Error(`the upgrade of ${path} was answered ${statusCode}`)),
  );
  sent.end();
  const [, socket] = (await once(sent, 'upgrade')) as [IncomingMessage, Socket];
  socket.setTimeout(10_000, () => socket.destroy(new Error('the websocket is silent')));
  let failure: Error | null = null;
  socket.on('error', (error) => {
    failure = error;
  });
  return {
    get isOpen() {
      return !socket.destroyed && socket.readable;
    },
    async echo(text) {
      let back = '';
      socket.write(text);
      while (back.length < text.length) {
        const piece = socket.read() as Buffer | null;
        if (piece) back += piece.toString();
        else if (socket.destroyed || socket.readableEnded)
          throw failure ?? new Error('the websocket was closed');
        else await Promise.race([once(socket, 'readable'), once(socket, 'close')]);
      }
      return back;
    },
    close: () => socket.destroy(),
  };
}
