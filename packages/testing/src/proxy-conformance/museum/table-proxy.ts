import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Proxy as HubProxy, ProxyRoute } from '@hub/core/plugin';
import type { ProxyUnderTest } from '../under-test.ts';

/** One mistake a proxy can make. */
export type Flaw =
  | 'matches-letters'
  | 'first-prefix-wins'
  | 'decodes-paths'
  | 'strips-prefixes'
  | 'forgets-data'
  | 'shows-foreign-routes'
  | 'fails-on-missing'
  | 'keeps-old-targets'
  | 'keeps-deleted-routes'
  | 'resolves-too-early'
  | 'drops-sockets'
  | 'no-websockets'
  | 'loses-bodies'
  | 'hides-dead-targets'
  | 'ignores-signals'
  | 'confuses-names';

/** A small proxy in this process that keeps every promise of the suite, but for its flaw. */
export async function startTableProxy(flaw: Flaw | null): Promise<ProxyUnderTest> {
  const table = new Map<string, ProxyRoute & { foreign?: true }>();
  const sockets = new Set<Socket>();

  const targetOf = (url: string): string | undefined => {
    const path =
      flaw === 'confuses-names'
        ? url.toLowerCase().replace(/%..|[^/\w]/g, '')
        : canonical(url.split('?')[0] ?? '');
    const matches = [...table.values()].filter(({ spec }) => {
      const prefix =
        flaw === 'confuses-names' ? spec.toLowerCase().replace(/%..|[^/\w]/g, '') : canonical(spec);
      if (flaw === 'matches-letters') return path.startsWith(prefix.replace(/\/$/, ''));
      return `${path}/`.startsWith(prefix);
    });
    if (flaw !== 'first-prefix-wins') matches.sort((one, two) => two.spec.length - one.spec.length);
    return matches[0]?.target;
  };

  const server = createServer((incoming: IncomingMessage, answer: ServerResponse) => {
    const target = targetOf(incoming.url ?? '');
    if (!target) return answer.writeHead(404).end();
    let path = incoming.url ?? '';
    if (flaw === 'decodes-paths') path = encodeURI(decodeURIComponent(path));
    if (flaw === 'strips-prefixes') path = path.replace(/^\/[^/]+/, '') || '/';
    const { method, headers } = incoming;
    const onward = request(target, { path, ...(method && { method }), headers, agent: false }, (reply) => {
      answer.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(answer);
    });
    onward.on('error', () => answer.writeHead(flaw === 'hides-dead-targets' ? 200 : 503).end());
    if (flaw === 'loses-bodies') {
      incoming.resume();
      onward.removeHeader('content-length');
      onward.end();
    } else incoming.pipe(onward);
  });
  server.on('upgrade', (incoming, client: Socket) => {
    const target = targetOf(incoming.url ?? '');
    if (!target || flaw === 'no-websockets') return client.end('HTTP/1.1 404 Not Found\r\n\r\n');
    const { hostname, port } = new URL(target);
    const onward = connect(Number(port), hostname, () => {
      const headers = Object.entries(incoming.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      onward.write(`GET ${incoming.url} HTTP/1.1\r\n${headers.join('')}\r\n`);
      onward.pipe(client).pipe(onward);
    });
    for (const end of [client, onward]) {
      end.on('error', () => end.destroy());
      end.on('close', () => (end === client ? onward : client).destroy());
      sockets.add(end);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (typeof bound !== 'object' || !bound) throw new Error('the proxy has no port');

  const changed = async (change: () => void) => {
    if (flaw === 'drops-sockets') for (const socket of sockets) socket.destroy();
    if (flaw === 'resolves-too-early') void delay(20).then(change);
    else change();
  };
  const proxy: HubProxy = {
    async addRoute({ spec, target, data }, signal) {
      if (flaw !== 'ignores-signals') signal?.throwIfAborted();
      if (flaw === 'keeps-old-targets' && table.has(spec)) return;
      const kept = flaw === 'forgets-data' ? {} : { ...data, last_activity: new Date().toISOString() };
      await changed(() => void table.set(spec, { spec, target, data: kept }));
    },
    async deleteRoute(spec, signal) {
      if (flaw !== 'ignores-signals') signal?.throwIfAborted();
      if (flaw === 'fails-on-missing' && !table.has(spec)) throw new Error(`no route ${spec}`);
      if (flaw !== 'keeps-deleted-routes') await changed(() => void table.delete(spec));
    },
    async routes(signal) {
      if (flaw !== 'ignores-signals') signal?.throwIfAborted();
      return new Map([...table].filter(([, { foreign }]) => !foreign || flaw === 'shows-foreign-routes'));
    },
  };
  return {
    proxy,
    publicUrl: `http://127.0.0.1:${bound.port}`,
    async addForeignRoute(path, target) {
      table.set(`${path}/`, { spec: `${path}/`, target, data: {}, foreign: true });
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}

function canonical(path: string): string {
  return path.split('/').map(decodeURIComponent).map(encodeURIComponent).join('/');
}
