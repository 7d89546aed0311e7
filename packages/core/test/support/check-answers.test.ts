import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { ask } from '../../../testing/src/index.ts';

it('fails any test whose client gets an answer that the description does not have', async () => {
  const description = { openapi: '3.1.0', paths: { '/hub/api/user': { get: { responses: { 200: {} } } } } };
  const server = createServer((request, response) => {
    if (request.url === '/hub/api/openapi.json') return response.end(JSON.stringify(description));
    return response.writeHead(request.url === '/hub/api/user' ? 200 : 418).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on a port
  const origin = `http://127.0.0.1:${port}`;
  try {
    expect((await ask(origin, 'GET', '/hub/api/user')).status).toBe(200);
    await expect(ask(origin, 'GET', '/hub/api/teapot')).rejects.toThrow('no such operation is documented');
    expect((await ask(origin, 'GET', '/hub/home')).status).toBe(418); // pages are not described
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
