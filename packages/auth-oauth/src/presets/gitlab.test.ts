import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDoor, refreshOf } from '../../test/support/door.ts';
import { FakeProvider } from '../../test/support/fake-provider.ts';
import { gitlabAuthenticator } from './gitlab.ts';

type Options = Parameters<typeof gitlabAuthenticator>[0];

let gitlab: FakeProvider;

/** The shape of `GET /oauth/userinfo`, shortened. */
const ada = {
  sub: '1815',
  name: 'Ada Lovelace',
  nickname: 'ada',
  preferred_username: 'ada',
  email: 'ada@engines.example',
  email_verified: true,
  profile: 'https://gitlab.example/ada',
  picture: 'https://gitlab.example/uploads/-/system/user/avatar/1815/avatar.png',
  groups: ['engines', 'engines/analytical'],
};

beforeEach(async () => {
  gitlab = await FakeProvider.start();
  await gitlab.openId({
    issuer: '/forge',
    authorize: '/forge/oauth/authorize',
    token: '/forge/oauth/token',
    userinfo: '/forge/oauth/userinfo',
  });
  gitlab.token = {
    access_token: 'access-1',
    token_type: 'Bearer',
    expires_in: 7200,
    refresh_token: 'refresh-1',
  };
  gitlab.idToken = { sub: '1815', auth_time: 1_790_000_000, groups_direct: ['engines'] };
  gitlab.on('GET', '/forge/oauth/userinfo', { json: ada });
});
afterEach(() => gitlab[Symbol.asyncDispose]());

function door(options: Partial<Options> = {}) {
  const url = `${gitlab.origin}/forge/`;
  return openDoor(gitlabAuthenticator, gitlabAuthenticator({ ...gitlab.client, url, ...options }), gitlab);
}

it('knows people by their id, whatever they call themselves', async () => {
  const before = await (await door()).signIn();
  gitlab.on('GET', '/forge/oauth/userinfo', { json: { ...ada, preferred_username: 'countess' } });
  const after = await (await door()).signIn();

  const subject = `${gitlab.origin}/forge#1815`;
  expect(before).toMatchObject({ verdict: 'known', identity: { subject, name: 'ada' } });
  expect(after.identity).toMatchObject({ subject, name: 'countess' });
});

describe('allowedGroups', () => {
  it('lets in members of a group below, and nobody else', async () => {
    const outcome = await (await door({ allowedGroups: ['engines/analytical'] })).signIn();
    expect(outcome).toMatchObject({ verdict: 'in', identity: { groups: ['engines', 'engines/analytical'] } });
    expect((await (await door({ allowedGroups: ['engines/difference'] })).signIn()).verdict).toBe('known');
  });

  it('lets nobody in over groups that are no list', async () => {
    gitlab.on('GET', '/forge/oauth/userinfo', { json: { ...ada, groups: 'engines/analytical' } });
    const outcome = await (await door({ allowedGroups: ['engines/analytical'] })).signIn();
    expect(outcome).toMatchObject({ verdict: 'refused', refusal: { status: 403 } });
  });
});

describe('allowedProjectIds', () => {
  const member = '/forge/api/v4/projects/42/members/all/1815';
  const levelled = (access_level: number, state = 'active') => ({
    json: { id: 1815, username: 'ada', state, access_level },
  });

  it('lets in developers, asking for the scope that tells', async () => {
    gitlab.on('GET', member, levelled(30));
    const outcome = await (await door({ allowedProjectIds: [41, 42] })).signIn();
    expect(outcome.verdict).toBe('in');
    expect(outcome.asked.get('scope')).toBe('openid profile email read_api');
  });

  it('lets in nobody below the level, blocked there, or no member', async () => {
    const options = { allowedProjectIds: [42] };
    gitlab.on('GET', member, levelled(20));
    expect((await (await door(options)).signIn()).verdict).toBe('known');
    expect((await (await door({ ...options, projectAccessLevel: 20 })).signIn()).verdict).toBe('in');
    gitlab.on('GET', member, levelled(50, 'blocked'));
    expect((await (await door(options)).signIn()).verdict).toBe('known');
    gitlab.on('GET', member, { status: 404, json: { message: '404 Not found' } });
    expect((await (await door(options)).signIn()).verdict).toBe('known');
  });

  it('says that the scope is missing', async () => {
    gitlab.on('GET', member, { status: 403, json: { error: 'insufficient_scope', scope: 'api read_api' } });
    const outcome = await (await door({ allowedProjectIds: [42], scopes: ['openid'] })).signIn();
    expect(outcome).toMatchObject({ verdict: 'refused', refusal: { status: 503 } });
    expect((await door({ allowedProjectIds: [42], scopes: ['openid'] })).warnings).toHaveLength(1);
  });

  it.each([
    ['a fault', 500, {}],
    ['a rate limit', 429, {}],
    ['a level that is no number', 200, { state: 'active', access_level: '30' }],
  ])('lets nobody in over %s', async (_what, status, json) => {
    gitlab.on('GET', member, { status, json });
    expect(await (await door({ allowedProjectIds: [42] })).signIn()).toMatchObject({
      verdict: 'refused',
      refusal: { status: 503 },
    });
  });
});

it('puts somebody out who left the group', async () => {
  const opened = await door({ allowedGroups: ['engines'] });
  const outcome = await opened.signIn();
  expect(await refreshOf(opened, outcome)).toMatchObject({ verdict: 'in' });
  gitlab.on('GET', '/forge/oauth/userinfo', { json: { ...ada, groups: [] } });
  expect(await refreshOf(opened, outcome)).toMatchObject({ verdict: 'known', identity: { groups: [] } });
});
