import { expect } from 'vitest';
import { chpProxy } from '../../../proxy-chp/src/index.ts';
import { createTestHub, until } from '../../../testing/src/index.ts';
import { Browser, type Reply } from '../support/browser.ts';
import { freePort, itWith, PythonProgram } from './python.ts';

const script = new URL('./whoami-service.py', import.meta.url).pathname;
const secret = 'whoami-secret-of-config';
const prefix = '/services/whoami/';

/** Follows redirects as a browser does; resolves with the first answer that is none, and where it came from. */
async function open(browser: Browser, path: string): Promise<Reply & { readonly at: string }> {
  let at = path;
  for (let hops = 0; hops < 10; hops++) {
    const reply = await browser.get(at, { accept: 'text/html' });
    if (reply.status !== 302) return { ...reply, at };
    const to = new URL(reply.headers.location ?? '', new URL(at, 'http://here'));
    at = `${to.pathname}${to.search}`;
  }
  throw new Error(`redirected without end, at last to ${at}`);
}

/** Values of the fields of that name in a form. */
function fields(html: string, name: string): string[] {
  return [...html.matchAll(new RegExp(`name="${name}" value="([^"]*)"`, 'g'))].map(([, value]) =>
    (value ?? '').replaceAll('&#x3D;', '=').replaceAll('&amp;', '&'),
  );
}

itWith(
  'python',
  'HubOAuthenticated: sign in, deny, allow, come back, sign out, through the real proxy (W65, W73, W74, W101)',
  async () => {
    const [servicePort, publicPort, proxyPort] = [await freePort(), await freePort(), await freePort()];
    const origin = `http://127.0.0.1:${publicPort}`;
    const url = `http://127.0.0.1:${servicePort}`;
    await using hub = await createTestHub({
      bindUrl: origin,
      plugins: [chpProxy({ apiUrl: `http://127.0.0.1:${proxyPort}`, authToken: 'of-the-test' })],
      roles: [{ name: 'visitor', scopes: ['access:services!service=whoami'], users: ['ada'] }],
      services: [
        { name: 'whoami', url, apiToken: secret, oauth: { allowedScopes: ['read:users:groups!user'] } },
      ],
    });
    await using service = new PythonProgram('python', [script], {
      JUPYTERHUB_API_URL: `${hub.url}/hub/api`,
      JUPYTERHUB_API_TOKEN: secret,
      JUPYTERHUB_BASE_URL: '/',
      JUPYTERHUB_SERVICE_NAME: 'whoami',
      JUPYTERHUB_SERVICE_PREFIX: prefix,
      JUPYTERHUB_SERVICE_URL: url,
      JUPYTERHUB_CLIENT_ID: 'service-whoami',
      JUPYTERHUB_OAUTH_SCOPES: JSON.stringify(['access:services', 'access:services!service=whoami']),
    });
    await until(() => fetch(url).catch(() => null), 20);

    const signIn = async (name: string) => {
      const browser = new Browser(origin);
      const form = await open(browser, prefix);
      expect([form.status, form.at]).toEqual([200, expect.stringMatching(/^\/hub\/login\?next=/)]);
      const _xsrf = fields(form.text, '_xsrf')[0] ?? '';
      const answer = await browser.post(form.at, { username: name, password: name, _xsrf });
      expect(answer.status).toBe(302);
      return { browser, next: answer.headers.location ?? '' };
    };

    // Deny: nothing is granted, and asked again next time.
    const { browser, next } = await signIn('ada');
    const denied = await open(browser, next);
    expect([denied.status, denied.at]).toEqual([
      200,
      expect.stringMatching(/^\/hub\/api\/oauth2\/authorize\?/),
    ]);
    const [_xsrf = ''] = fields(denied.text, '_xsrf');
    const no = await browser.post(denied.at, { _xsrf, deny: '1' });
    expect([no.status, no.headers.location]).toEqual([302, expect.stringContaining('error=access_denied')]);
    expect((await browser.get(no.headers.location ?? '')).status).toBe(400);
    await expect.poll(() => service.said).toContain('access_denied');

    // Allow.
    const consent = await open(browser, prefix);
    expect(consent.status).toBe(200);
    const scopes = fields(consent.text, 'scopes');
    const yes = await browser.post(consent.at, [
      ['_xsrf', fields(consent.text, '_xsrf')[0] ?? ''],
      ...scopes.map((scope) => ['scopes', scope] as const),
    ]);
    expect(yes.status).toBe(302);
    const page = await open(browser, yes.headers.location ?? '');
    expect([page.status, page.at]).toEqual([200, prefix]);
    const model = JSON.parse(page.text);
    expect(model).toMatchObject({ kind: 'user', name: 'ada', groups: [] });
    expect(model.scopes).toContain('access:services!service=whoami');

    // Known from now on, and not asked again after signing in anew.
    expect((await browser.get(prefix)).status).toBe(200);
    expect((await browser.get('/hub/logout')).status).toBeLessThan(400);
    const gone = await open(browser, prefix);
    expect(gone.at).toMatch(/^\/hub\/login/);

    // Who may not, may not.
    const bob = await signIn('bob');
    const refused = await open(bob.browser, bob.next);
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('service whoami')]);
    expect(service.lives).toBe(true);
  },
);
