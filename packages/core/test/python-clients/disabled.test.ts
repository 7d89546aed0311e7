import { expect } from 'vitest';
import { chpProxy } from '../../../proxy-chp/src/index.ts';
import { createTestHub, until } from '../../../testing/src/index.ts';
import { Browser } from '../support/browser.ts';
import { signedInBrowser } from '../support/sign-in.ts';
import { freePort, itWith, PythonProgram } from './python.ts';

const script = new URL('./whoami-service.py', import.meta.url).pathname;

itWith(
  'python',
  'a service honours what it was told of a user up to its cache_max_age after they are disabled, and nothing new (W82)',
  async () => {
    const publicPort = await freePort();
    const proxyPort = await freePort();
    const origin = `http://127.0.0.1:${publicPort}`;
    const named = async (name: string) => ({
      name,
      url: `http://127.0.0.1:${await freePort()}`,
      apiToken: `secret-of-service-${name}`,
      oauth: { noConfirm: true },
    });
    const [usual, quick] = [await named('usual'), await named('quick')];
    await using hub = await createTestHub({
      bindUrl: origin,
      plugins: [chpProxy({ apiUrl: `http://127.0.0.1:${proxyPort}`, authToken: 'token-of-the-test-proxy' })],
      roles: [{ name: 'visitor', scopes: ['access:services'], groups: ['visitors'] }],
      groups: { visitors: { users: ['ada'] } },
      services: [usual, quick],
    });
    const serve = ({ name, url, apiToken }: typeof usual, more: Record<string, string> = {}) =>
      new PythonProgram('python', [script], {
        JUPYTERHUB_API_URL: `${hub.url}/hub/api`,
        JUPYTERHUB_API_TOKEN: apiToken,
        JUPYTERHUB_BASE_URL: '/',
        JUPYTERHUB_SERVICE_NAME: name,
        JUPYTERHUB_SERVICE_PREFIX: `/services/${name}/`,
        JUPYTERHUB_SERVICE_URL: url,
        JUPYTERHUB_CLIENT_ID: `service-${name}`,
        JUPYTERHUB_OAUTH_SCOPES: JSON.stringify(['access:services', `access:services!service=${name}`]),
        ...more,
      });
    await using usualProgram = serve(usual);
    await using quickProgram = serve(quick, { CACHE_MAX_AGE: '1' });
    await until(() => fetch(usual.url).catch(() => null), 30);
    await until(() => fetch(quick.url).catch(() => null), 30);

    const browser = await signedInBrowser(origin, 'ada');
    const visit = async ({ name }: typeof usual) => {
      let reply = await browser.get(`/services/${name}/`, { accept: 'text/html' });
      for (let hops = 0; reply.status === 302 && hops < 6; hops++) {
        const to = new URL(reply.headers.location ?? '', origin);
        if (to.pathname === '/hub/login') return 'sign in';
        reply = await browser.get(`${to.pathname}${to.search}`, { accept: 'text/html' });
      }
      return reply.status;
    };
    const known = await hub.tokenOf('ada');
    const unseen = await hub.tokenOf('ada');
    const byToken = async ({ name }: typeof usual, token: string) => {
      const headers = { authorization: `token ${token}`, accept: 'application/json' };
      return (await new Browser(origin).get(`/services/${name}/`, headers)).status;
    };
    expect([await visit(usual), await visit(quick)]).toEqual([200, 200]);
    expect([await byToken(usual, known), await byToken(quick, known)]).toEqual([200, 200]);

    const root = await hub.signIn('root', { admin: true });
    expect((await root.api('PATCH', '/users/ada', { disabled: true })).status).toBe(200);

    // The hub refuses at once; so does a service that has to ask.
    expect((await hub.request('GET', '/hub/api/user', { token: known })).status).toBe(403);
    expect(await byToken(usual, unseen)).toBe(302); // to where one signs in
    // One that remembers need not ask: this is what the limit of five minutes means.
    expect([await visit(usual), await byToken(usual, known)]).toEqual([200, 200]);
    // With a shorter memory the same is over as soon as that is.
    await until(async () => (await byToken(quick, known)) === 302, 20);
    await until(async () => (await visit(quick)) === 'sign in', 20);
    expect([usualProgram.lives, quickProgram.lives]).toEqual([true, true]);
  },
);
