import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Trouble } from './support/provider-process.ts';
import { SignInHub } from './support/sign-in-hub.ts';
import { Visitor } from './support/visitor.ts';

let place: SignInHub;
beforeAll(async () => {
  place = await SignInHub.start({ requestTimeout: 4, title: 'Example University' });
});
afterAll(() => place?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await place.provider.tell({ trouble: [], clockAhead: 0, tokenLifetime: 3600, clients: [place.client()] });
  place.hub.log.length = 0;
});

/** Tries to sign in, and makes sure that nobody got in if that was refused. */
async function attempt(login = 'ada') {
  const visitor = new Visitor();
  const page = await visitor.signIn(place.url, login);
  const { url } = await visitor.go(`${place.url}/hub/home`);
  return { page, isIn: url.pathname === '/hub/home' };
}

describe('a provider that has a bad day', () => {
  it('keeps no hub from starting, and is found as soon as it is there', async () => {
    await place.provider.leave();
    await using other = await SignInHub.start({ requestTimeout: 4, issuer: place.provider.issuer });
    const { status, text } = await new Visitor().go(`${other.url}/hub/oauth_login`);
    expect([status, text]).toEqual([503, expect.stringContaining('cannot be reached')]);
    expect(text).toContain('/hub/oauth_login');
    expect(other.logged('ECONNREFUSED')).not.toHaveLength(0);

    await place.provider.comeBack();
    await place.provider.tell({ clients: [other.client()] });
    expect(await new Visitor().signIn(other.url, 'ada')).toMatchObject({ status: 200 });
  });

  const everywhere: [string, string, Trouble['kind'], string][] = [
    ['does not answer', '/token', 'silent', 'did not answer within 4 s'],
    ['answers with a page', '/token', 'html', 'makes no sense'],
    ['fails', '/token', 'failing', 'answered with status 500'],
    ['sends half an answer', '/token', 'truncated', 'makes no sense'],
    ['never stops answering', '/token', 'endless', 'more than 1048576 bytes'],
    ['leads elsewhere', '/token', 'moved', 'makes no sense'],
    ['does not tell who somebody is', '/me', 'failing', 'answered with status 500'],
    ['tells in HTML who somebody is', '/me', 'html', 'makes no sense'],
    ['sends half a person', '/me', 'truncated', 'makes no sense'],
  ];
  it.each(everywhere)('%s (%s, %s): a sentence, a line, nobody in', async (_, path, kind, sentence) => {
    await place.provider.tell({ trouble: [{ path, kind }] });
    const { page, isIn } = await attempt();
    expect([page.status, isIn]).toEqual([503, false]);
    expect(page.text).toContain(sentence);
    expect(page.text).toContain('Example University');
    expect(place.hub.log.filter(({ level }) => level === 'error')).not.toHaveLength(0);
    await place.provider.tell({ trouble: [] });
    expect(await attempt()).toMatchObject({ isIn: true });
  });

  const atDiscovery: [Trouble['kind'], string][] = [
    ['html', 'makes no sense'],
    ['failing', 'answered with status 500'],
    ['truncated', 'makes no sense'],
    ['silent', 'did not answer within 4 s'],
    ['moved', 'makes no sense'],
  ];
  it.each(atDiscovery)('has a discovery document that is %s', async (kind, sentence) => {
    await using other = await SignInHub.start({ requestTimeout: 4 });
    await other.provider.tell({ trouble: [{ path: '/openid-configuration', kind }] });
    const page = await new Visitor().go(`${other.url}/hub/oauth_login`);
    expect([page.status, page.text]).toEqual([503, expect.stringContaining(sentence)]);
    await other.provider.tell({ trouble: [] });
    expect(await new Visitor().signIn(other.url, 'ada')).toMatchObject({ status: 200 });
  });

  it('has changed its keys a moment ago', async () => {
    expect(await attempt()).toMatchObject({ isIn: true });
    await place.provider.tell({ newKeys: true });
    // Not more often than every five seconds are new keys looked for.
    await place.hub.until(async () => (await attempt()).isIn, 20);
  });

  it('shows its keys to nobody: the id token cannot be checked, and nobody is in', async () => {
    await using other = await SignInHub.start({ requestTimeout: 4 });
    await other.provider.tell({ trouble: [{ path: '/jwks', kind: 'html' }] });
    const page = await new Visitor().signIn(other.url, 'ada');
    expect([page.status, page.url.pathname]).toEqual([503, '/hub/oauth_callback']);
  });

  it('does not take the secret of the hub: people are told whom to tell, operators what to look at', async () => {
    await place.provider.tell({
      clients: [place.client({ client_secret: 'another secret than the hub has been given' })],
    });
    const { page, isIn } = await attempt();
    expect([page.status, isIn]).toEqual([503, false]);
    expect(page.text).toContain('Tell whoever runs it');
    expect(place.logged('check clientId, the client secret')).toHaveLength(1);
  });

  it('knows the hub under another address', async () => {
    await place.provider.tell({
      clients: [place.client({ redirect_uris: ['https://elsewhere.example/cb'] })],
    });
    const { page, isIn } = await attempt();
    expect([page.url.origin, page.status, isIn]).toEqual([place.provider.issuer, 400, false]);
  });
});

describe('clocks that differ', () => {
  it('by five minutes: the sentence and the line name the clock and by how much', async () => {
    await place.provider.tell({ clockAhead: -300, tokenLifetime: 120 });
    const { page, isIn } = await attempt();
    expect([page.status, isIn]).toEqual([503, false]);
    expect(page.text).toMatch(/The clock of this hub is (?:29\d|30\d) s ahead of that of Example University/);
    expect(place.logged('set the clock of this machine')).toHaveLength(1);
  });

  it('by less than is tolerated, or with tokens that live long: nobody notices', async () => {
    await place.provider.tell({ clockAhead: -50, tokenLifetime: 10 });
    expect(await attempt()).toMatchObject({ isIn: true });
    await place.provider.tell({ clockAhead: 300, tokenLifetime: 3600 });
    expect(await attempt()).toMatchObject({ isIn: true });
  });
});
