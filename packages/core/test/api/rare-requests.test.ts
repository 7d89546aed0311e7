import { request } from 'undici';
import { expect, it } from 'vitest';
import { createTestHub } from '../../../testing/src/index.ts';

it('stops a server that is stopping already: 202, or 204 once it has stopped (R83)', async () => {
  await using hub = await createTestHub({ servers: { slowStop: 1 } });
  const ada = await hub.signIn('ada');
  const { promise, resolve } = Promise.withResolvers<void>();
  hub.engine.plan('ada', { beforeStop: promise });
  expect((await ada.startServer()).status).toBe(201);
  expect((await ada.stopServer()).status).toBe(202);
  expect((await ada.stopServer('', { remove: false })).status).toBe(202);
  resolve();
  expect((await ada.stopServer()).status).toBe(204);
});

it('answers QUERY like any method it does not have (R3)', async () => {
  await using hub = await createTestHub();
  for (const headers of [{}, { 'content-type': 'application/json' }]) {
    const { statusCode, body } = await request(`${hub.url}/hub/api/users`, {
      method: 'QUERY',
      headers,
      body: '{}',
    });
    expect([statusCode, await body.json()]).toEqual([405, { status: 405, message: 'Method Not Allowed' }]);
  }
});
