import { fakeClock } from '@hub/testing';
import { None } from 'openid-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClient } from '../src/client.ts';
import { createHttp } from '../src/http.ts';
import type { OAuthOptions } from '../src/options.ts';
import { fakeLog } from './support/fake-log.ts';
import { FakeProvider } from './support/fake-provider.ts';

const options: OAuthOptions = {
  clientId: 'hub',
  authorizeParameters: {},
  pkce: true,
  autoLogin: false,
  allowAll: false,
  allowedGroups: [],
  adminGroups: [],
  allowedDomains: [],
  refreshUser: true,
  logoutAtProvider: false,
  requestTimeout: 5,
  clockTolerance: 60,
  allowInsecureHttp: false,
};
const document = '/op/.well-known/openid-configuration';

describe('the addresses of a provider', () => {
  let provider: FakeProvider;
  beforeEach(async () => {
    provider = await FakeProvider.start();
    await provider.openId({ issuer: '/op', authorize: '/op/authorize', token: '/op/token' });
  });
  afterEach(() => provider[Symbol.asyncDispose]());

  function open() {
    const log = fakeLog();
    const clock = fakeClock(new Date().toISOString());
    const http = createHttp({ id: 'oidc', options, clock, log: log.logger });
    const addresses = { issuer: `${provider.origin}/op` };
    const known = { addresses, scopes: ['openid'], userKey: 'oidc_user', usernameClaim: 'sub' };
    const client = createClient({
      options,
      provider: known,
      http,
      clientAuth: async () => None(),
      clock,
      log: log.logger,
    });
    return { client, clock, log, close: () => http.close() };
  }
  const asked = () => provider.requestsTo(document).length;

  it('are asked for when somebody comes, once for many, and again after an hour', async () => {
    const { client, clock, close } = open();
    expect(asked()).toBe(0);
    await Promise.all(Array.from({ length: 10 }, () => client.connect()));
    await clock.advance(3500);
    await client.connect();
    expect(asked()).toBe(1);
    await clock.advance(200);
    await client.connect();
    expect(asked()).toBe(2);
    await close();
  });

  it('are asked for again at once after a failure', async () => {
    const { client, close } = open();
    provider.on('GET', document, { status: 502 });
    await expect(client.connect()).rejects.toThrow();
    await expect(client.connect()).rejects.toThrow();
    expect(asked()).toBe(2);
    await close();
  });

  it('are believed for another day while the provider does not tell them, and no longer', async () => {
    const { client, clock, log, close } = open();
    await client.connect();
    provider.on('GET', document, { status: 502 });
    await clock.advance(7200);
    await client.connect();
    expect(log.lines.map(({ message }) => message)).toContain(
      'the provider does not tell its addresses; the ones of before are used',
    );
    await clock.advance(86_400);
    await expect(client.connect()).rejects.toThrow();
    await close();
  });

  it.each([
    ['another issuer', { issuer: 'https://evil.example/op' }],
    ['people led over plain http', { authorization_endpoint: 'http://login.example.org/authorize' }],
  ])('are not believed with %s', async (_, metadata) => {
    await provider.openId({ issuer: '/op', authorize: '/op/authorize', token: '/op/token', metadata });
    const { client, close } = open();
    await expect(client.connect()).rejects.toThrow();
    await close();
  });
});
