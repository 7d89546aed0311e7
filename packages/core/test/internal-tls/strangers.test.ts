import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../testing/src/index.ts';
import { isFree, knock, type Shown, TlsMachine } from './support/tls-hub.ts';

const limit = 120_000;

/** Somebody who has taken a port, and shows a good certificate that was given to another. */
async function thief(port: number, shown: Shown): Promise<Server> {
  await until(() => isFree(port), 30);
  const server = createServer(shown, (_request, response) => response.end('the thief'));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe('with internal TLS', () => {
  let machine: TlsMachine;
  let ada: URL;
  let eve: URL;

  beforeAll(async () => {
    machine = await TlsMachine.open();
    [ada, eve] = [await machine.startServer('ada'), await machine.startServer('eve')];
  }, limit);
  afterAll(() => machine?.[Symbol.asyncDispose](), limit);

  it('servers are reached by the proxy', async () => {
    expect(await machine.get('/user/ada/')).toEqual({ status: 200, text: 'ada' });
    expect(await machine.get('/user/eve/')).toEqual({ status: 200, text: 'eve' });
  });

  it('the hub is, whatever name the browser asks for (W106)', async () => {
    expect((await machine.get('/hub/login')).status).toBe(200);
    const byName = machine.origin.replace('127.0.0.1', 'localhost');
    expect((await machine.get(`${byName}/hub/login`)).status).toBe(200);
  });

  it.each(['hub', 'API of the proxy', 'server'])(
    'a stranger without certificate is refused by the %s',
    async (at) => {
      const ports = {
        hub: machine.hubPort,
        'API of the proxy': new URL(machine.apiUrl).port,
        server: ada.port,
      };
      expect(await knock({ port: ports[at as keyof typeof ports] }, null)).toBe('refused');
    },
  );

  it("a server's certificate opens the hub, where tokens decide, and neither proxy nor other servers", async () => {
    const shown = await machine.shownBy('eve');
    expect(await knock({ port: machine.hubPort }, shown)).toBe('302'); // to the login
    expect(await knock(new URL(machine.apiUrl), shown)).toBe('refused');
    expect(await knock(ada, shown)).toBe('refused');
    expect(await knock(eve, shown)).toBe('refused');
  });

  it(
    'a server cannot take the place of another one, or of the hub, while the hub is away',
    async () => {
      const [shown, pid] = [await machine.shownBy('eve'), await machine.pidOf('ada')];
      await machine.leave();
      process.kill(pid, 'SIGKILL');
      const thieves = [await thief(Number(ada.port), shown), await thief(machine.hubPort, shown)];
      try {
        expect(await machine.get('/user/eve/')).toEqual({ status: 200, text: 'eve' });
        expect(await machine.get('/user/ada/')).toMatchObject({
          status: 503,
          text: expect.not.stringContaining('thief'),
        });
        expect(await machine.get('/hub/login')).toMatchObject({
          status: 503,
          text: expect.not.stringContaining('thief'),
        });
      } finally {
        for (const server of thieves) server.close().closeAllConnections();
      }
      await machine.start();
    },
    limit,
  );

  it(
    'a hub that starts again finds servers and proxy as they were',
    async () => {
      expect(await machine.get('/user/eve/')).toEqual({ status: 200, text: 'eve' });
      await until(async () => (await machine.hub.phase('ada')) === 'stopped', 60);
      await machine.startServer('ada');
      expect(await machine.get('/user/ada/')).toEqual({ status: 200, text: 'ada' });
    },
    limit,
  );
});
