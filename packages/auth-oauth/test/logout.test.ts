import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SignInHub } from './support/sign-in-hub.ts';
import { Visitor } from './support/visitor.ts';

const isIn = async (visitor: Visitor, url: string) =>
  (await visitor.go(`${url}/hub/home`)).url.pathname === '/hub/home';

describe('logging out at a real provider', () => {
  let place: SignInHub;
  beforeAll(async () => {
    place = await SignInHub.start({ logoutAtProvider: true }, { signIn: { authState: true } });
  });
  afterAll(() => place?.[Symbol.asyncDispose]());

  it('from here: ends both logins and comes back to the login page', async () => {
    const visitor = new Visitor();
    await visitor.signIn(place.url, 'ada');
    const asked = await visitor.go(`${place.url}/hub/logout`);
    expect([asked.url.origin, asked.url.pathname]).toEqual([place.provider.issuer, '/session/end']);
    const back = await visitor.submit(asked, { logout: 'yes' });
    expect(`${back.url.origin}${back.url.pathname}`).toBe(`${place.url}/hub/login`);
    expect(await isIn(visitor, place.url)).toBe(false);
    // The provider asks for a password again.
    expect((await visitor.go(`${place.url}/hub/oauth_login`)).text).toContain('name="password"');
  });

  it('from here while the provider is down: the login here ends all the same', async () => {
    const visitor = new Visitor();
    await visitor.signIn(place.url, 'bob');
    await place.provider.tell({ trouble: [{ path: '/session/end', kind: 'failing' }] });
    await visitor.go(`${place.url}/hub/logout`);
    await place.provider.tell({ trouble: [] });
    expect(await isIn(visitor, place.url)).toBe(false);
  });

  it('there: the provider tells it by the back channel, and that one login ends', async () => {
    const [here, elsewhere] = [new Visitor(), new Visitor()];
    await here.signIn(place.url, 'carol');
    await elsewhere.signIn(place.url, 'carol');
    const asked = await here.go(`${place.provider.issuer}/session/end`);
    await here.submit(asked, { logout: 'yes' });
    await place.hub.until(async () => !(await isIn(here, place.url)), 30);
    expect(await isIn(elsewhere, place.url)).toBe(true);
  });
});

/** A provider that signs what a test wants; no more is needed of one that only tells. */
describe('a logout token', () => {
  let place: SignInHub;
  let issuer: string;
  let end: () => void;
  let sign: (claims: Record<string, unknown>, header?: Record<string, unknown>) => Promise<string>;
  const event = { 'http://schemas.openid.net/event/backchannel-logout': {} };

  beforeAll(async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    const other = await generateKeyPair('RS256');
    const server = createServer((request, response) => {
      const body = request.url?.endsWith('/jwks')
        ? { keys: [] as unknown[] }
        : {
            issuer,
            jwks_uri: `${issuer}/jwks`,
            authorization_endpoint: `${issuer}/a`,
            token_endpoint: `${issuer}/t`,
          };
      void exportJWK(publicKey).then((jwk) => {
        if ('keys' in body) body.keys?.push({ ...jwk, kid: 'one', alg: 'RS256', use: 'sig' });
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    end = () => server.close();
    sign = ({ forged, ...claims }, header = {}) =>
      new SignJWT({
        iss: issuer,
        aud: 'hub',
        jti: crypto.randomUUID(),
        events: event,
        iat: now(),
        exp: now() + 120,
        ...claims,
      })
        .setProtectedHeader({ alg: 'RS256', kid: 'one', ...header })
        .sign(forged ? other.privateKey : privateKey);
    place = await SignInHub.start({ issuer });
  });
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
    end?.();
  });
  beforeEach(() => {
    place.hub.log.length = 0;
  });

  const now = () => Math.floor(Date.now() / 1000);
  const tell = (token: string) =>
    place.hub.request('POST', '/hub/oauth_backchannel_logout', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: token }).toString(),
    });

  it('that is right is answered with 200, and not to be cached', async () => {
    for (const claims of [{ sub: 'ada' }, { sid: 'session' }, { sub: 'ada', sid: 'session' }]) {
      const answer = await tell(await sign(claims));
      expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store']);
    }
    expect(place.logged('logins ended on word of the provider')).toHaveLength(3);
  });

  it.each([
    ['is signed by somebody else', { sub: 'ada', forged: true }],
    ['is of another issuer', { sub: 'ada', iss: 'https://evil.example' }],
    ['is for another client', { sub: 'ada', aud: 'another' }],
    ['has a nonce, as id tokens do', { sub: 'ada', nonce: 'x' }],
    ['has no events', { sub: 'ada', events: undefined }],
    ['tells another event', { sub: 'ada', events: { 'https://example.org/other': {} } }],
    [
      'tells the event as a text',
      { sub: 'ada', events: { 'http://schemas.openid.net/event/backchannel-logout': 'x' } },
    ],
    ['names nobody', {}],
    ['names a number', { sub: 7 }],
    ['has run out', { sub: 'ada', iat: 1, exp: 2 }],
    [
      'is an old copy that has not run out',
      { sub: 'ada', iat: Math.floor(Date.now() / 1000) - 3600, exp: Math.floor(Date.now() / 1000) + 3600 },
    ],
    ['comes from the future', { sub: 'ada', iat: Math.floor(Date.now() / 1000) + 3600 }],
    ['does not say when it was made', { sub: 'ada', iat: undefined }],
    ['has no id', { sub: 'ada', jti: undefined }],
  ])('that %s is refused', async (_, claims) => {
    const answer = await tell(await sign(claims));
    expect([answer.status, answer.json.error]).toEqual([400, 'invalid_request']);
    expect(place.logged('logins ended on word of the provider')).toHaveLength(0);
  });

  it('that is none is refused', async () => {
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ iss: issuer, aud: 'hub', sub: 'ada', events: event })).toString('base64url')}.`;
    for (const token of ['', 'x', 'a.b.c', unsigned, 'x'.repeat(20_000)]) {
      expect((await tell(token)).status, token.slice(0, 20)).toBe(400);
    }
  });
});
