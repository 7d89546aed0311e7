import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createTestHub } from '../../../testing/src/index.ts';
import { Browser } from '../support/browser.ts';

it('a service of the configuration learns who its visitor is, without asking them, and only those it may (W67, W71, R163, R165)', async () => {
  const secret = 'web-secret-of-config';
  const service = createServer((_request, answer) => void answer.end());
  await new Promise<void>((done) => service.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  await using hub = await createTestHub({
    roles: [{ name: 'visitor', scopes: ['access:services!service=web'], users: ['ada'] }],
    services: [{ name: 'web', url, apiToken: secret, oauth: { noConfirm: true } }],
  });
  const signedIn = async (name: string) => {
    const browser = new Browser(hub.url);
    await browser.get('/hub/login');
    const _xsrf = browser.cookie('_xsrf') ?? '';
    const { status } = await browser.post('/hub/login', { username: name, password: name, _xsrf });
    expect(status).toBe(302);
    return browser;
  };
  const authorize = '/hub/api/oauth2/authorize?client_id=service-web&response_type=code&state=s';

  const ada = await signedIn('ada');
  const led = await ada.get(authorize);
  expect([led.status, led.headers.location]).toEqual([
    302,
    expect.stringMatching(/^\/services\/web\/oauth_callback\?code=\w+&state=s$/),
  ]);
  const code = new URL(led.headers.location ?? '', hub.url).searchParams.get('code') ?? '';
  const form = {
    client_id: 'service-web',
    client_secret: secret,
    grant_type: 'authorization_code',
    code,
    redirect_uri: '/services/web/oauth_callback',
  };
  const granted = await new Browser(hub.url).post('/hub/api/oauth2/token', form);
  expect(granted.status).toBe(200);
  const token: string = JSON.parse(granted.text).access_token;
  const model = (await hub.request('GET', '/hub/api/user', { token })).json;
  expect(model).toMatchObject({ kind: 'user', name: 'ada' });
  expect(model.scopes).toContain('access:services!service=web');

  const bob = await signedIn('bob');
  const refused = await bob.get(authorize);
  expect([refused.status, refused.text]).toEqual([
    403,
    expect.stringContaining('You do not have permission to access JupyterHub service web'),
  ]);
  service.close();
});
