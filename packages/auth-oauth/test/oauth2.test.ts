import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { oauth2Authenticator } from '../src/index.ts';
import { openDoor } from './support/door.ts';
import { FakeProvider } from './support/fake-provider.ts';

describe('a provider that speaks OAuth 2 alone', () => {
  let provider: FakeProvider;
  beforeEach(async () => {
    provider = await FakeProvider.start();
    provider.oauth({ authorize: '/authorize', token: '/token' });
    provider.on('GET', '/user', { json: { id: 4711, login: 'Ada', name: 'Ada Lovelace' } });
  });
  afterEach(() => provider[Symbol.asyncDispose]());

  const open = (options: Partial<Parameters<typeof oauth2Authenticator>[0]> = {}) =>
    openDoor(
      oauth2Authenticator,
      oauth2Authenticator({
        authorizeUrl: `${provider.origin}/authorize`,
        tokenUrl: `${provider.origin}/token`,
        userinfoUrl: `${provider.origin}/user`,
        clientId: provider.client.clientId,
        clientSecret: provider.client.clientSecret,
        allowAll: true,
        ...options,
      }),
      provider,
    );

  it('tells by the document about the user who that is', async () => {
    const { verdict, name, identity } = await (await open()).signIn();
    expect([verdict, name, identity?.subject]).toEqual(['in', 'ada', '4711']);
    expect(identity?.authState).toMatchObject({ access_token: 'access-1', oauth_user: { id: 4711 } });
  });

  it('may call the fields otherwise', async () => {
    provider.on('GET', '/user', { json: { data: { uuid: 'u-1', nick: 'ada' } } });
    const door = await open({ subjectClaim: 'data.uuid', usernameClaim: 'data.nick' });
    expect((await door.signIn()).identity).toMatchObject({ name: 'ada', subject: 'u-1' });
  });

  it('is not trusted about somebody without an id', async () => {
    provider.on('GET', '/user', { json: { login: 'ada' } });
    expect(await (await open()).signIn()).toMatchObject({ verdict: 'refused', refusal: { status: 403 } });
  });

  it('may say no with status 200: that is a no all the same', async () => {
    provider.on('POST', '/token', { json: { error: 'bad_verification_code', error_description: 'expired' } });
    expect(await (await open()).signIn()).toMatchObject({
      verdict: 'refused',
      refusal: { status: 400, sentence: expect.stringContaining('too old') },
    });
  });

  it.each([
    ['refuses the token', { status: 401, json: { message: 'Bad credentials' } }],
    ['answers with a list', { json: [] }],
    ['forbids', { status: 403, json: {} }],
    ['leads elsewhere', { status: 302, headers: { location: 'http://127.0.0.1:9/' } }],
  ])('lets nobody in when the document about the user %s', async (_, answer) => {
    provider.on('GET', '/user', answer);
    const outcome = await (await open()).signIn();
    expect(outcome).toMatchObject({ verdict: 'refused', identity: null });
    expect(outcome.refusal?.sentence).toMatch(/\.$/);
  });
});
