import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createTestHub, type TestHubOptions } from '../../../testing/src/index.ts';
import { definePlugin, Spawner, spawnerOptions } from '../../src/index.ts';

/** Servers are listeners of this process at the address of the options; `answer` makes of their origin what `start` says. */
async function hubOf(ip: string, answer: (origin: string) => string, more: TestHubOptions = {}) {
  const listener = createServer((_request, response) => void response.writeHead(200).end());
  const told: Record<string, string> = {};
  const plugin = definePlugin({
    name: 'listening',
    api: 1,
    provides: Spawner,
    options: { type: 'object', properties: { ...spawnerOptions } },
    create: ({ options }): Spawner => ({
      async start(launch) {
        await new Promise<void>((resolve, reject) => {
          listener.once('error', reject).listen(0, options.ip, resolve);
        });
        const { port } = listener.address() as AddressInfo;
        const host = options.ip.includes(':') ? `[${options.ip}]` : options.ip;
        Object.assign(told, await launch.environment(`http://${host}:${port}`));
        await launch.saveState(null);
        return answer(`http://${host}:${port}`);
      },
      poll: async () => (listener.listening ? null : { code: 0 }),
      stop: async () => void listener.close(),
    }),
  });
  const hub = await createTestHub({ ...more, plugins: [plugin({ ip, httpTimeout: 2 })] });
  return {
    hub,
    told,
    port: () => (listener.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      await hub[Symbol.asyncDispose]();
      listener.close();
    },
  };
}

/** Are there IPv6 addresses on this machine? */
const withIPv6 = await new Promise<boolean>((resolve) => {
  const probe = createServer();
  probe.once('error', () => resolve(false));
  probe.listen(0, '::1', () => probe.close(() => resolve(true)));
});

describe('the address of a server (P201)', () => {
  it.skipIf(!withIPv6).each(['[::1]', '::1'])(
    'of IPv6 may be given as %s: it is listened at without brackets, and stands with them in URLs [only on machines with IPv6]',
    async (ip) => {
      await using parts = await hubOf(ip, (origin) => origin);
      const { hub, told } = parts;
      expect((await (await hub.signIn('ada')).startServer()).status).toBe(201);
      expect(told.JUPYTERHUB_SERVICE_URL).toBe(`http://[::1]:${parts.port()}/user/ada/`);
      expect(hub.proxy.targetOf('/user/ada/lab')).toBe(`http://[::1]:${parts.port()}`);
    },
  );

  it('is an origin: what follows in the answer of its spawner is left out', async () => {
    await using parts = await hubOf('127.0.0.1', (origin) => `${origin}/user/nobody/?x=1#y`);
    const { hub } = parts;
    expect((await (await hub.signIn('ada')).startServer()).status).toBe(201);
    expect(hub.proxy.targetOf('/user/ada/lab')).toBe(`http://127.0.0.1:${parts.port()}`);
  });

  it('without a port is that of its scheme', async () => {
    await using parts = await hubOf('127.0.0.1', () => 'http://127.0.0.1');
    const { hub } = parts;
    const answer = await (await hub.signIn('ada')).startServer();
    // Mostly nobody listens there; what is asked is the address.
    const asked =
      answer.status === 201
        ? hub.proxy.targetOf('/user/ada/')
        : /did not answer at (\S+) within/.exec(String(answer.json.message))?.[1];
    expect(asked).toBe('http://127.0.0.1');
  });

  it.each(['', 'localhost:80', 'ftp://127.0.0.1', 'http://::1:80'])(
    'that is none fails the start, and the log says which spawner and what it said: "%s"',
    async (address) => {
      await using parts = await hubOf('127.0.0.1', () => address);
      const { hub } = parts;
      expect((await (await hub.signIn('ada')).startServer()).status).toBe(500);
      const line = hub.log.find(({ message }) => message === 'start failed');
      expect(String(line?.fields.err)).toContain(`listening returned "${address}", which is no http address`);
      await hub.until(async () => (await hub.phase('ada')) === 'stopped');
    },
  );
});
