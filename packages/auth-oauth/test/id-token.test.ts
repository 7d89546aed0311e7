import { exportJWK, generateKeyPair } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { oidcAuthenticator } from '../src/index.ts';
import { openDoor } from './support/door.ts';
import { FakeProvider } from './support/fake-provider.ts';

describe('an id token', () => {
  let provider: FakeProvider;
  beforeEach(async () => {
    provider = await FakeProvider.start();
    await provider.openId({
      issuer: '/op',
      authorize: '/op/authorize',
      token: '/op/token',
      userinfo: '/op/me',
    });
    provider.on('GET', '/op/me', { json: { sub: 'a-1', preferred_username: 'ada' } });
    provider.idToken = { sub: 'a-1' };
  });
  afterEach(() => provider[Symbol.asyncDispose]());

  async function signIn(options: { readonly pkce?: boolean } = {}) {
    const instance = oidcAuthenticator({
      issuer: `${provider.origin}/op`,
      ...provider.client,
      allowAll: true,
      ...options,
    });
    const door = await openDoor(oidcAuthenticator, instance, provider);
    const { verdict, refusal, identity } = await door.signIn();
    const errors = door.logged.filter(({ level }) => level === 'error');
    return { verdict, status: refusal?.status, subject: identity?.subject, errors };
  }

  it('that is right lets somebody in, known by issuer and sub', async () => {
    expect(await signIn()).toEqual({
      verdict: 'in',
      status: undefined,
      subject: `${provider.origin}/op#a-1`,
      errors: [],
    });
  });

  const now = Math.floor(Date.now() / 1000);
  const wrong: [string, Record<string, unknown>, number][] = [
    ['of another issuer', { iss: 'https://evil.example' }, 403],
    ['for another client', { aud: 'another' }, 403],
    ['for several clients, handed out to another', { aud: ['hub', 'another'], azp: 'another' }, 403],
    ['of another sign-in', { nonce: 'another' }, 403],
    ['without the nonce', { nonce: undefined }, 503],
    ['that has run out', { iat: now - 7200, exp: now - 3600 }, 503],
    ['that is not yet good', { nbf: now + 3600 }, 503],
    ['about nobody', { sub: undefined }, 503],
    ['about somebody else than the userinfo', { sub: 'b-2' }, 503],
  ];
  it.each(wrong)('%s lets nobody in', async (_, claims, status) => {
    provider.idToken = { sub: 'a-1', ...claims };
    const outcome = await signIn();
    expect(outcome).toMatchObject({ verdict: 'refused', status });
    expect(outcome.errors).toHaveLength(1);
  });

  it('signed by somebody else lets nobody in', async () => {
    const { publicKey } = await generateKeyPair('RS256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'RS256', use: 'sig' };
    provider.on('GET', '/op/jwks', { json: { keys: [jwk] } });
    expect(await signIn()).toMatchObject({ verdict: 'refused', status: 403 });
  });

  it('that is missing lets nobody in', async () => {
    provider.idToken = undefined;
    expect(await signIn()).toMatchObject({ verdict: 'refused', status: 503 });
  });

  it('of another sign-in is noticed without a proof key, too', async () => {
    provider.idToken = { sub: 'a-1', nonce: 'another' };
    expect(await signIn({ pkce: false })).toMatchObject({ verdict: 'refused', status: 403 });
  });
});
