import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../kernel/index.ts';
import { untilAnswers } from './http-wait.ts';

/** The server is its user's, who may let it answer anything. */
describe('a hub that waits for a hostile server', () => {
  const listeners: Server[] = [];
  const sockets = new Set<Socket>();
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    for (const listener of listeners.splice(0)) listener.close();
  });

  const answering = async (answer: (socket: Socket) => void): Promise<string> => {
    const listener = createServer((socket) => {
      sockets.add(socket.on('error', () => {}));
      socket.once('data', () => answer(socket));
    }).listen(0, '127.0.0.1');
    listeners.push(listener);
    await once(listener, 'listening');
    const address = listener.address();
    if (typeof address !== 'object' || !address) throw new Error('it listens nowhere');
    return `http://127.0.0.1:${address.port}/`;
  };
  const wait = (url: string, seconds: number) =>
    untilAnswers(url, systemClock, AbortSignal.timeout(seconds * 1000));

  it('follows no redirect, which could lead to what only the hub can reach', async () => {
    let asked = 0;
    const inside = await answering((socket) => {
      asked += 1;
      socket.end('HTTP/1.1 200 OK\r\nX-JupyterHub-Version: inside\r\n\r\n');
    });
    const url = await answering((socket) => socket.end(`HTTP/1.1 302 Found\r\nLocation: ${inside}\r\n\r\n`));
    expect(await wait(url, 20)).toEqual({ peerVersion: null });
    expect(asked).toBe(0);
  });

  it('reads no more than the beginning of a body without end', async () => {
    let sent = 0;
    const url = await answering((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const piece = Buffer.alloc(65_536, 'x');
      const more = () => {
        while (!socket.destroyed && socket.write(piece)) sent += piece.length;
        if (!socket.destroyed) socket.once('drain', more);
      };
      more();
    });
    await wait(url, 20);
    expect(sent).toBeLessThan(64 << 20);
  });

  it('keeps a few characters of the version it tells', async () => {
    const url = await answering((socket) =>
      socket.end(`HTTP/1.1 200 OK\r\nX-JupyterHub-Version: ${'7'.repeat(10_000)}\r\n\r\n`),
    );
    expect(await wait(url, 20)).toEqual({ peerVersion: '7'.repeat(64) });
  });

  it.each([
    [
      'headers of a megabyte',
      (socket: Socket) => socket.end(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(1 << 20)}\r\n\r\n`),
    ],
    ['a header that is no header', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nX: a\0b\nY\r\n\r\n')],
    ['what is no HTTP', (socket: Socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')],
    ['headers without end', (socket: Socket) => drip(socket)],
  ])('is not taken in by %s', async (_, answer) => {
    const before = process.memoryUsage().rss;
    await expect(wait(await answering(answer), 1)).rejects.toThrow();
    expect(process.memoryUsage().rss - before).toBeLessThan(256 << 20);
  });
});

/** A header line each moment. */
function drip(socket: Socket): void {
  socket.write('HTTP/1.1 200 OK\r\n');
  const timer = setInterval(() => socket.write('X-More: y\r\n'), 20);
  socket.once('close', () => clearInterval(timer));
}
