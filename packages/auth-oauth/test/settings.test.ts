import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oidcAuthenticator } from '../src/index.ts';
import { openPlugin } from './support/open-plugin.ts';
import { SignInHub, secret } from './support/sign-in-hub.ts';
import { Visitor } from './support/visitor.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-test-oauth-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string, mode = 0o600): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text, { mode });
  await chmod(path, mode);
  return path;
}
const isIn = async (place: SignInHub) => (await new Visitor().signIn(place.url, 'ada')).status === 200;

describe('how the hub proves to a provider who it is', () => {
  it('by a secret in the request, from a file', async () => {
    const clientSecretFile = await file('secret', `${secret}\n`);
    await using place = await SignInHub.start({
      clientSecret: undefined,
      clientSecretFile,
      clientAuth: 'post',
    });
    await place.provider.tell({
      clients: [place.client({ token_endpoint_auth_method: 'client_secret_post' })],
    });
    expect(await isIn(place)).toBe(true);
  });

  it('by a signature, without any secret', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const key = { ...(await exportJWK(privateKey)), kid: 'hub-1', alg: 'ES256' };
    const privateKeyFile = await file('key.json', JSON.stringify(key));
    await using place = await SignInHub.start({ clientSecret: undefined, privateKeyFile });
    const client = place.client({
      client_secret: undefined,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'hub-1', alg: 'ES256' }] },
    });
    await place.provider.tell({ clients: [client] });
    expect(await isIn(place)).toBe(true);
  });

  it('not at all, as a public client with a proof key', async () => {
    await using place = await SignInHub.start({ clientSecret: undefined });
    const client = place.client({ client_secret: undefined, token_endpoint_auth_method: 'none' });
    await place.provider.tell({ clients: [client] });
    expect(await isIn(place)).toBe(true);
  });

  it('by a new secret in the file, without a restart, once the old one is refused', async () => {
    const path = await file('changing', 'an old secret that is long enough for the provider');
    await using place = await SignInHub.start({ clientSecret: undefined, clientSecretFile: path });
    expect(await isIn(place)).toBe(false);
    await writeFile(path, secret);
    expect(await isIn(place)).toBe(true);
  });

  it('by a file that is gone: the log has its path, the page has not', async () => {
    const path = await file('vanishing', secret);
    await using place = await SignInHub.start({ clientSecret: undefined, clientSecretFile: path });
    await rm(path);
    const page = await new Visitor().go(`${place.url}/hub/oauth_login`);
    expect(page).toMatchObject({ status: 503, text: expect.stringContaining('not set up correctly') });
    expect(page.text).not.toContain(folder);
    expect(place.logged(path)).not.toHaveLength(0);
  });

  const given = { issuer: 'https://login.example.org', clientId: 'hub' };
  it.each([
    ['names a file that is not there', { clientSecretFile: '/nowhere/secret' }, /\/nowhere\/secret/],
    ['names a variable that is not there', { clientSecretEnv: 'NO_SUCH_VARIABLE' }, /NO_SUCH_VARIABLE/],
    ['wants a secret and has none', { clientAuth: 'basic' as const }, /client secret is missing/],
    ['wants a key and has none', { clientAuth: 'private_key_jwt' as const }, /privateKeyFile/],
    ['names a key that is none', { privateKeyFile: '/dev/null' }, /JSON Web Key/],
    ['names certificates that are not there', { caFile: '/nowhere/ca.pem' }, /\/nowhere\/ca\.pem/],
  ])('a configuration that %s is refused at start', (_, options, message) => {
    expect(() => openPlugin(oidcAuthenticator({ ...given, ...options }))).toThrow(message);
  });

  it('a secret that others can read is refused at start', async () => {
    const clientSecretFile = await file('open', secret, 0o644);
    expect(() => openPlugin(oidcAuthenticator({ ...given, clientSecretFile }))).toThrow(/by others/);
  });
});

describe('what the provider is asked', () => {
  async function asked(options: Parameters<typeof SignInHub.start>[0]): Promise<URLSearchParams> {
    await using place = await SignInHub.start(options);
    const { issuer } = place.provider;
    return (await new Visitor().go(`${place.url}/hub/oauth_login`, { stopAt: issuer })).url.searchParams;
  }

  it('the code, with state, nonce, proof key, and the address of W26a', async () => {
    const query = await asked({});
    expect(query.get('redirect_uri')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/hub\/oauth_callback$/);
    expect([query.get('response_type'), query.get('code_challenge_method')]).toEqual(['code', 'S256']);
    for (const name of ['state', 'nonce', 'code_challenge']) expect(query.get(name)).toMatch(/^[\w-]{43}$/);
    expect(query.get('scope')).toBe('openid profile email');
  });

  it('other scopes, parameters and another address; no proof key where a provider chokes on it', async () => {
    const query = await asked({
      scopes: ['openid', 'offline_access'],
      authorizeParameters: { prompt: 'login', acr_values: 'mfa' },
      callbackUrl: 'https://hub.example.edu/hub/oauth_callback',
      pkce: false,
    });
    expect(Object.fromEntries(query)).toMatchObject({
      scope: 'openid offline_access',
      prompt: 'login',
      acr_values: 'mfa',
      redirect_uri: 'https://hub.example.edu/hub/oauth_callback',
    });
    expect(query.has('code_challenge')).toBe(false);
  });

  it('nothing over plain http beyond this machine', async () => {
    await using place = await SignInHub.start({ issuer: 'http://login.example.org' });
    const page = await new Visitor().go(`${place.url}/hub/oauth_login`);
    expect(page.status).toBe(503);
    expect(place.logged('allowInsecureHttp')).not.toHaveLength(0);
  });

  it('at once, where nobody is to see a login page (P143)', async () => {
    await using place = await SignInHub.start({ autoLogin: true });
    const visitor = new Visitor();
    const page = await visitor.go(`${place.url}/hub/token`);
    expect(page.url.origin).toBe(place.provider.issuer);
    expect((await visitor.pass(page, 'ada')).url.pathname).toBe('/hub/token');

    // One who denies is told so, and not sent away again at once.
    const other = new Visitor();
    const denied = await other.go(`${(await other.go(`${place.url}/hub/token`)).url.href}/abort`);
    expect([denied.url.origin, denied.status]).toEqual([place.url, 403]);
  });
});
