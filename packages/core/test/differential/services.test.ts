import * as differ from './deliberate.ts';
import { pairOfHubs } from './support/pair.ts';
import { callers } from './support/people.ts';

pairOfHubs('Services', (test) => {
  test('the list, for every caller (R108, R129)', async (pair) => {
    for (const caller of callers) await pair.api(caller, 'GET', '/services');
    await pair.api('admin', 'GET', '/services?limit=1', {
      headers: { accept: 'application/jupyterhub-pagination+json' },
    });
  });

  test('one service, for every caller and target (section 2.3, R108, R128)', async (pair) => {
    for (const caller of callers)
      for (const name of ['web', 'quiet', 'nope']) await pair.api(caller, 'GET', `/services/${name}`);
  });

  test('making services: bodies (R109)', async (pair) => {
    for (const body of [
      undefined,
      '{',
      '"x"',
      '1',
      {},
      { more: 1 },
      { admin: 'x' },
      { url: 1 },
      { info: 'x' },
      { display: 'x' },
      { command: 'x' },
      { command: ['x'] },
      { oauth_client_allowed_scopes: 'x' },
      { oauth_no_confirm: 1 },
      { api_token: 1 },
    ])
      await pair.api('admin', 'POST', '/services/new1', { body });
    await pair.api('admin', 'POST', '/services/new1', {
      body: { oauth_client_allowed_scopes: ['bogus'], display: true },
      but: differ.wrongService,
    });
    await pair.api('admin', 'POST', '/services/web', { body: { display: true } });
  });

  test('making, using and deleting one (R109–R111)', async (pair) => {
    const token = 'made-at-runtime-token';
    const body = { api_token: token, info: { a: 1 }, display: false };
    for (const caller of callers)
      await pair.api(caller, 'POST', '/services/web', { body: { display: true } });
    await pair.api('svc-services', 'POST', '/services/boss', {
      body: { admin: true },
      but: differ.otherWords,
    });
    await pair.api('svc-services', 'POST', '/services/made1', { body });
    await pair.api('svc-services', 'POST', '/services/made1', { body });
    await pair.api({ token: () => token }, 'GET', '/user');
    await pair.api('admin', 'GET', '/services/made1');
    await pair.api('admin', 'GET', '/services');
    for (const caller of [null, 'alice', 'svc-none', 'svc-services-web'])
      for (const name of ['made1', 'web', 'nope']) await pair.api(caller, 'DELETE', `/services/${name}`);
    await pair.api('svc-services', 'DELETE', '/services/made1');
    await pair.api('svc-services', 'DELETE', '/services/made1', { but: differ.otherWords });
    await pair.api({ token: () => token }, 'GET', '/user');
    await pair.api('admin', 'POST', '/services/made2', {
      body: { admin: true, api_token: 'boss-of-services' },
    });
    await pair.api({ token: () => 'boss-of-services' }, 'GET', '/user', { but: differ.unsetOfService });
    await pair.api({ token: () => 'boss-of-services' }, 'GET', '/users');
  });

  test('making one with OAuth (R110)', async (pair) => {
    await pair.api('admin', 'POST', '/services/oauth1', {
      body: {
        api_token: 'a-token-for-oauth1',
        oauth_client_id: 'service-oauth1',
        oauth_redirect_uri: 'https://oauth1.example/back',
        oauth_client_allowed_scopes: ['read:users'],
      },
    });
    await pair.api('admin', 'POST', '/services/oauth2', {
      body: { api_token: 'a-token-for-oauth2', oauth_client_id: 'service-oauth2' },
    });
    await pair.api('svc-services', 'POST', '/services/oauth3', {
      body: {
        api_token: 'a-token-for-oauth3',
        oauth_client_id: 'service-oauth3',
        oauth_redirect_uri: 'https://oauth3.example/back',
        oauth_client_allowed_scopes: ['admin:users'],
      },
      but: differ.otherWords,
    });
    await pair.api('admin', 'GET', '/services/oauth1');
  });
});
