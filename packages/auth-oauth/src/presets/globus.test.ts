import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDoor } from '../../test/support/door.ts';
import { FakeProvider } from '../../test/support/fake-provider.ts';
import { globusAuthenticator } from './globus.ts';

type Options = Parameters<typeof globusAuthenticator>[0];

const auth = 'https://auth.globus.org';
const myGroups = 'https://groups.api.globus.org/v2/groups/my_groups';
const scope = 'urn:globus:auth:scope:groups.api.globus.org:view_my_groups_and_memberships';
const engines = '2b7ec7d4-4b0c-11ee-b5c9-7f6f8a9e2c11';
const royal = '9d1f3a5e-4b0c-11ee-8f00-0242ac120002';
let globus: FakeProvider;

/** The shape of the userinfo answer, shortened. */
const ada = {
  sub: '0d6b7a2e-1815-11ee-be56-0242ac120002',
  preferred_username: 'ada@engines.example',
  name: 'Ada Lovelace',
  email: 'ada.lovelace@mail.example',
  identity_provider: '927d7238-f917-4eb2-9ace-c523fa9ba34e',
  identity_provider_display_name: 'Analytical Engines',
};

beforeEach(async () => {
  globus = await FakeProvider.start();
  await globus.openId({
    issuer: auth,
    authorize: `${auth}/v2/oauth2/authorize`,
    token: `${auth}/v2/oauth2/token`,
    userinfo: `${auth}/v2/oauth2/userinfo`,
  });
  globus.token = {
    access_token: 'auth-token',
    resource_server: 'auth.globus.org',
    scope: 'openid profile email',
    expires_in: 172_800,
    token_type: 'Bearer',
    other_tokens: [
      {
        access_token: 'groups-token',
        resource_server: 'groups.api.globus.org',
        scope,
        expires_in: 172_800,
        token_type: 'Bearer',
      },
    ],
  };
  told(ada);
  globus.on('GET', myGroups, { json: [group(engines, 'active'), group(royal, 'invited')] });
});
afterEach(() => globus[Symbol.asyncDispose]());

function told(claims: Record<string, unknown>) {
  globus.idToken = { sub: ada.sub };
  globus.on('GET', `${auth}/v2/oauth2/userinfo`, { json: claims });
}

function group(id: string, status: string) {
  return {
    id,
    name: 'Engines',
    group_type: 'regular',
    my_memberships: [{ group_id: id, role: 'member', status, username: 'ada@engines.example' }],
  };
}

function door(options: Partial<Options> = {}) {
  return openDoor(globusAuthenticator, globusAuthenticator({ ...globus.client, ...options }), globus);
}

describe('groups', () => {
  it('let active members in, asked with the token for them', async () => {
    const outcome = await (await door({ allowedGroups: [engines] })).signIn();
    expect(outcome).toMatchObject({
      verdict: 'in',
      identity: { subject: `${auth}#${ada.sub}`, groups: [engines] },
    });
    expect(outcome.asked.get('scope')).toBe(`openid profile email ${scope}`);
    expect(globus.requestsTo(myGroups)[0]?.headers.authorization).toBe('Bearer groups-token');
  });

  it('let nobody in who was only invited, or belongs to others', async () => {
    expect((await (await door({ allowedGroups: [royal] })).signIn()).verdict).toBe('known');
    expect(
      (await (await door({ allowedGroups: ['00000000-0000-0000-0000-000000000000'] })).signIn()).verdict,
    ).toBe('known');
  });

  it('are not read where nobody asks for them', async () => {
    expect(await (await door()).signIn()).toMatchObject({ verdict: 'known', identity: { groups: null } });
    expect(globus.requestsTo(myGroups)).toHaveLength(0);
  });

  it.each([
    ['a missing token for the groups', { other_tokens: [] }, {}],
    ['other tokens of another shape', { other_tokens: 'groups-token' }, {}],
    ['a token that is not taken', {}, { status: 401, json: { code: 'INVALID_TOKEN' } }],
    ['a fault', {}, { status: 500, json: {} }],
    ['a group without id', {}, { json: [{ name: 'Engines', my_memberships: [{ status: 'active' }] }] }],
    ['a group without memberships', {}, { json: [{ id: engines }] }],
    ['memberships that are no list', {}, { json: [{ id: engines, my_memberships: 'active' }] }],
  ])('let nobody in over %s', async (_what, token, answer) => {
    globus.token = { ...globus.token, ...token };
    if (Object.keys(answer).length > 0) globus.on('GET', myGroups, answer);
    const outcome = await (await door({ readGroups: true, allowAll: true })).signIn();
    expect(outcome).toMatchObject({ verdict: 'refused', refusal: { status: 503 } });
  });
});

describe('identityProvider', () => {
  it('lets nobody in by itself, and shortens names', async () => {
    expect(await (await door({ identityProvider: 'Engines.example' })).signIn()).toMatchObject({
      verdict: 'known',
      name: 'ada',
    });
  });

  it.each([['ada@evil.example'], ['ada@engines.example.evil.example'], ['ada']])(
    'keeps out %s',
    async (name) => {
      told({ ...ada, preferred_username: name });
      expect(
        await (await door({ identityProvider: 'engines.example', allowAll: true })).signIn(),
      ).toMatchObject({
        verdict: 'refused',
        refusal: { status: 403, sentence: expect.stringContaining('engines.example') },
      });
    },
  );

  it('is that of the e-mail address where names are made of it', async () => {
    const options = { usernameFromEmail: true, allowAll: true };
    expect((await (await door({ ...options, identityProvider: 'mail.example' })).signIn()).name).toBe(
      'ada.lovelace',
    );
    expect((await (await door({ ...options, identityProvider: 'engines.example' })).signIn()).verdict).toBe(
      'refused',
    );
  });
});

it('leaves the domain in names of any institution, unless told', async () => {
  expect((await (await door()).signIn()).name).toBe('ada@engines.example');
  const opened = await door({ stripDomain: true });
  expect((await opened.signIn()).name).toBe('ada');
  expect(opened.warnings).toHaveLength(1);
});
