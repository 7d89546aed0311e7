import * as differ from './deliberate.ts';
import { pairOfHubs } from './support/pair.ts';
import { callers } from './support/people.ts';

const envelope = { accept: 'application/jupyterhub-pagination+json' };

pairOfHubs('Proxy', (test) => {
  test('routes, for every caller (R112)', async (pair) => {
    for (const caller of callers)
      for (const method of ['GET', 'POST'] as const) await pair.api(caller, method, '/proxy');
  });

  test('pages (R36)', async (pair) => {
    await pair.api('admin', 'POST', '/users/alice/server');
    for (const query of ['', '?limit=1', '?limit=1&offset=1', '?limit=x', '?offset=9'])
      for (const headers of [{}, envelope]) await pair.api('svc-proxy', 'GET', `/proxy${query}`, { headers });
    await pair.api('admin', 'DELETE', '/users/alice/server');
    await pair.api('svc-proxy', 'GET', '/proxy');
  });

  test('another proxy: bodies that name none (R112)', async (pair) => {
    for (const body of [undefined, '[]', '"x"']) await pair.api('svc-proxy', 'PATCH', '/proxy', { body });
    for (const body of ['{', 'null'])
      await pair.api('svc-proxy', 'PATCH', '/proxy', { body, but: differ.otherWords });
    for (const caller of [null, 'alice', 'svc-none'])
      await pair.api(caller, 'PATCH', '/proxy', { body: { api_url: 'http://127.0.0.1:1' } });
  });
});
