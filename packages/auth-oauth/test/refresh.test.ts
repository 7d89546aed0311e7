import type { Authenticator, Identity, JsonObject, UserView } from '@hub/core/plugin';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { oidcAuthenticator } from '../src/index.ts';
import { fakeLog } from './support/fake-log.ts';
import { type OpenPlugin, openPlugin } from './support/open-plugin.ts';
import { SignInHub, secret } from './support/sign-in-hub.ts';
import { Visitor } from './support/visitor.ts';

let place: SignInHub;
/** Another instance, as in another hub: asked directly, with what the first one brought. */
let plugin: OpenPlugin<Authenticator>;
const log = fakeLog();

beforeAll(async () => {
  place = await SignInHub.start(
    { groupsClaim: 'groups', allowedGroups: ['staff'], allowAll: false },
    { signIn: { authState: true } },
  );
  plugin = openPlugin(
    oidcAuthenticator({
      issuer: place.provider.issuer,
      clientId: 'hub',
      clientSecret: secret,
      requestTimeout: 4,
      groupsClaim: 'groups',
      allowedGroups: ['staff'],
    }),
    log.logger,
  );
});
afterAll(async () => {
  await plugin?.[Symbol.asyncDispose]();
  await place?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await place.provider.tell({ trouble: [], tokenLifetime: 3600, claims: {} });
  log.lines.length = 0;
});

/** Somebody of the group `staff` who has just signed in. */
async function signedIn(login: string): Promise<JsonObject> {
  await place.provider.tell({ claims: { [login]: { groups: ['staff'] } } });
  expect(await new Visitor().signIn(place.url, login)).toMatchObject({ status: 200 });
  const { users } = place.hub.hub;
  const user = await users.get(login);
  const state = user ? await users.authState(user) : null;
  if (!state) throw new Error(`nothing is kept of ${login}`);
  return state;
}

function refresh(login: string, state: JsonObject | null): Promise<boolean | Partial<Identity>> {
  const user: UserView = {
    id: '1',
    name: login,
    escapedName: login,
    admin: false,
    groups: [],
    created: '2026-01-01T00:00:00Z',
  };
  const asked = plugin.made.refresh?.(user, state, {
    subject: `${place.provider.issuer}#${login}`,
    forced: false,
  });
  return asked ?? Promise.reject(new Error('it cannot refresh'));
}
const stateOf = (answer: boolean | Partial<Identity>) =>
  (typeof answer === 'object' ? answer.authState : null) ?? {};

describe('asking the provider again (P125, P126)', () => {
  it('brings new groups, and leaves tokens that are still good for a while', async () => {
    const state = await signedIn('ada');
    await place.provider.tell({ claims: { ada: { groups: ['staff', 'deans'] } } });
    const answer = await refresh('ada', state);
    expect(answer).toMatchObject({ name: 'ada', groups: ['staff', 'deans'] });
    expect(stateOf(answer)).toMatchObject({
      access_token: state.access_token,
      refresh_token: state.refresh_token,
      id_token: state.id_token,
      expires_at: state.expires_at,
    });
  });

  it('renews tokens before they end, keeps the new refresh token, and revokes nothing', async () => {
    await place.provider.tell({ tokenLifetime: 300 });
    const state = await signedIn('bob');
    const first = stateOf(await refresh('bob', state));
    expect(first.access_token).not.toBe(state.access_token);
    expect(first.refresh_token).not.toBe(state.refresh_token);
    const second = stateOf(await refresh('bob', JSON.parse(JSON.stringify(first))));
    expect(second.refresh_token).not.toBe(first.refresh_token);

    // A server that was started with the first token goes on with it.
    const me = await fetch(`${place.provider.issuer}/me`, {
      headers: { authorization: `Bearer ${state.access_token}` },
    });
    expect(me.status).toBe(200);
  });

  it('asks once when asked by many at the same time', async () => {
    await place.provider.tell({ tokenLifetime: 300 });
    const state = await signedIn('carol');
    const before = (await place.provider.tell({}))['/token'] ?? 0;
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh('carol', state)));
    expect(new Set(answers.map((answer) => stateOf(answer).refresh_token)).size).toBe(1);
    expect((await place.provider.tell({}))['/token']).toBe(before + 1);
  });

  it('says no when the refresh token is taken no more', async () => {
    await place.provider.tell({ tokenLifetime: 300 });
    const state = await signedIn('dave');
    expect(await refresh('dave', { ...state, refresh_token: 'forged' })).toBe(false);
    expect(log.lines.map(({ message }) => message)).toContain(
      'the provider takes the refresh token no more; the login ends',
    );
  });

  it('says no when the access token is taken no more, or has ended and cannot be renewed', async () => {
    const state = await signedIn('erin');
    expect(await refresh('erin', { ...state, access_token: 'forged' })).toBe(false);
    expect(await refresh('erin', { ...state, refresh_token: null, expires_at: 1 })).toBe(false);
    expect(await refresh('erin', { ...state, refresh_token: null })).toMatchObject({ name: 'erin' });
  });

  it('leaves it to the hub whether somebody who left a group may stay (P126)', async () => {
    const state = await signedIn('frank');
    await place.provider.tell({ claims: { frank: { groups: ['guests'] } } });
    const answer = await refresh('frank', state);
    if (typeof answer !== 'object') throw new Error('an identity was expected');
    const identity = { name: 'frank', ...answer };
    expect(await plugin.made.isAllowed?.('frank', identity)).toBe(false);
  });

  it('says no when the provider answers for somebody else', async () => {
    const state = await signedIn('grace');
    expect(await refresh('heidi', state)).toBe(false);
  });

  it('says no when the provider tells groups of a wrong type', async () => {
    const state = await signedIn('ivan');
    await place.provider.tell({ claims: { ivan: { groups: 'staff' } } });
    expect(await refresh('ivan', state)).toBe(false);
  });

  it('has nothing to say where the hub keeps no state', async () => {
    expect(await refresh('ada', null)).toBe(true);
  });

  it.each(['failing', 'html', 'silent', 'truncated'] as const)(
    'throws while the provider is %s: nobody is signed out over it',
    async (kind) => {
      await place.provider.tell({ tokenLifetime: 300 });
      const state = { ...(await signedIn('judy')), expires_at: 1 };
      await place.provider.tell({ trouble: [{ path: '/token', kind }] });
      await expect(refresh('judy', state)).rejects.toMatchObject({ code: 'HUB_UNAVAILABLE', status: 503 });
      await place.provider.tell({ trouble: [{ path: '/me', kind }] });
      await expect(refresh('judy', { ...state, expires_at: 9_999_999_999 })).rejects.toMatchObject({
        status: 503,
      });
    },
  );

  it('keeps tokens it was given, though the provider then says no more', async () => {
    await place.provider.tell({ tokenLifetime: 300 });
    const state = await signedIn('leo');
    await place.provider.tell({ trouble: [{ path: '/me', kind: 'failing' }] });
    const answer = await refresh('leo', state);
    expect(answer).toMatchObject({ groups: null, authState: { oidc_user: { sub: 'leo' } } });
    expect(answer).not.toHaveProperty('name');
    expect(stateOf(answer).refresh_token).not.toBe(state.refresh_token);
    await place.provider.tell({ trouble: [] });
    expect(await refresh('leo', JSON.parse(JSON.stringify(stateOf(answer))))).toMatchObject({ name: 'leo' });
  });

  it('goes on with a token that is still good while new ones cannot be had', async () => {
    await place.provider.tell({ tokenLifetime: 300 });
    const state = await signedIn('kim');
    await place.provider.tell({ trouble: [{ path: '/token', kind: 'failing' }] });
    expect(await refresh('kim', state)).toMatchObject({ name: 'kim' });
  });
});

describe('a hub that asks again', () => {
  /** Seconds: longer ago than `refreshAge`. */
  const later = 400;
  const isIn = async (visitor: Visitor) =>
    (await visitor.go(`${place.url}/hub/home`)).url.pathname === '/hub/home';

  it('keeps who is still vouched for, with new groups, and ends the login of who left the group', async () => {
    await place.provider.tell({ claims: { mia: { groups: ['staff'] } } });
    const visitor = new Visitor();
    await visitor.signIn(place.url, 'mia');
    await place.hub.advance(later);
    expect(await isIn(visitor)).toBe(true);
    await place.provider.tell({ claims: { mia: { groups: ['guests'] } } });
    await place.hub.advance(later);
    expect(await isIn(visitor)).toBe(false);
    expect(await new Visitor().signIn(place.url, 'mia')).toMatchObject({ status: 403 });
  });

  it('keeps everybody while the provider is away', async () => {
    await place.provider.tell({ claims: { noa: { groups: ['staff'] } } });
    const visitor = new Visitor();
    await visitor.signIn(place.url, 'noa');
    await place.provider.tell({ trouble: [{ path: '/me', kind: 'failing' }] });
    await place.hub.advance(later);
    expect(await isIn(visitor)).toBe(true);
  });
});
