import { expect, it } from 'vitest';
import { createTestHub } from '../../../testing/src/index.ts';
import { createTestDatabase } from '../../src/index.ts';
import { Browser } from '../support/browser.ts';
import { signedInBrowser } from '../support/sign-in.ts';

const secret = 'web-secret-of-config';

it('a maximum life holds for every way to a token, and for tokens made before it was set', async () => {
  const database = await createTestDatabase();
  const options = {
    database,
    roles: [{ name: 'visitor', scopes: ['access:services!service=web'], users: ['ada'] }],
    services: [{ name: 'web', url: 'http://127.0.0.1:9', apiToken: secret, oauth: { noConfirm: true } }],
  };
  const lifeOf = ({ created, expires_at: end }: Record<string, unknown>) =>
    end === null ? null : Math.round((Date.parse(String(end)) - Date.parse(String(created))) / 1000);
  try {
    const before = await createTestHub(options);
    const ada = await before.signIn('ada');
    const endless = (await ada.api('POST', '/users/ada/tokens', { note: 'endless' })).json;
    expect(lifeOf(endless)).toBeNull();
    await before[Symbol.asyncDispose]();

    await using hub = await createTestHub({ ...options, tokens: { maxSeconds: 3600 } });
    const list = async (token: string) =>
      (await hub.request('GET', '/hub/api/users/ada/tokens', { token })).json.api_tokens as Record<
        string,
        unknown
      >[];
    expect((await list(ada.token)).map(lifeOf)).toEqual([3600, 3600]);
    const again = await hub.signIn('ada');
    expect(lifeOf((await again.api('POST', '/users/ada/tokens', {})).json)).toBe(3600);
    const longer = await again.api('POST', '/users/ada/tokens', { expires_in: 3601 });
    expect([longer.status, longer.json.message]).toEqual([
      400,
      'token expires_in: 3601 must not exceed 3600', // R95
    ]);

    const browser = await signedInBrowser(hub.url, 'ada');
    const { headers } = await browser.get(
      '/hub/api/oauth2/authorize?client_id=service-web&response_type=code&state=s',
    );
    const granted = await new Browser(hub.url).post('/hub/api/oauth2/token', {
      client_id: 'service-web',
      client_secret: secret,
      grant_type: 'authorization_code',
      code: new URL(headers.location ?? '', hub.url).searchParams.get('code') ?? '',
      redirect_uri: '/services/web/oauth_callback',
    });
    expect(JSON.parse(granted.text)).toMatchObject({ expires_in: 3600 });

    // Servers and services live as long as they live.
    expect((await again.startServer()).status).toBe(201);
    const ofServer = hub.engine.of('ada')?.environment.JUPYTERHUB_API_TOKEN ?? '';
    await hub.advance(3700);
    const status = async (token: string) => (await hub.request('GET', '/hub/api/user', { token })).status;
    expect(await Promise.all([String(endless.token), again.token, ofServer, secret].map(status))).toEqual([
      403, 403, 200, 200,
    ]);
  } finally {
    await database.drop();
  }
});
