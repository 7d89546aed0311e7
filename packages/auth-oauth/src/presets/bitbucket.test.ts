import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDoor } from '../../test/support/door.ts';
import { FakeProvider } from '../../test/support/fake-provider.ts';
import { bitbucketAuthenticator } from './bitbucket.ts';

type Options = Parameters<typeof bitbucketAuthenticator>[0];

const api = 'https://api.bitbucket.org/2.0';
const workspaces = `${api}/user/workspaces` as const;
const emails = `${api}/user/emails` as const;
let bitbucket: FakeProvider;

/** The shape of `GET /2.0/user`, shortened. */
const ada = {
  type: 'user',
  uuid: '{470c176d-3574-44ea-bb41-89e8638bcca4}',
  account_id: '557058:1815',
  username: 'ada',
  nickname: 'ada',
  display_name: 'Ada Lovelace',
  account_status: 'active',
  links: { avatar: { href: 'https://bitbucket.example/ada.png' } },
};
const workspace = (slug: string) => ({
  type: 'workspace_access',
  administrator: false,
  workspace: { type: 'workspace_base', uuid: '{a15fb181-db1f-48f7-b41f-e1eff06929d6}', slug },
});

beforeEach(async () => {
  bitbucket = await FakeProvider.start();
  bitbucket
    .oauth({
      authorize: 'https://bitbucket.org/site/oauth2/authorize',
      token: 'https://bitbucket.org/site/oauth2/access_token',
    })
    .on('GET', `${api}/user`, { json: ada })
    .on('GET', workspaces, ({ query }) =>
      query.get('page') === '2'
        ? { json: { values: [workspace('engines')], pagelen: 1, size: 2, page: 2 } }
        : {
            json: {
              values: [workspace('ada')],
              pagelen: 1,
              size: 2,
              page: 1,
              next: `${workspaces}?pagelen=100&page=2`,
            },
          },
    );
  bitbucket.token = {
    access_token: 'access-1',
    token_type: 'bearer',
    expires_in: 7200,
    refresh_token: 'r',
    scopes: 'account',
  };
});
afterEach(() => bitbucket[Symbol.asyncDispose]());

function door(options: Partial<Options> = {}) {
  return openDoor(
    bitbucketAuthenticator,
    bitbucketAuthenticator({ ...bitbucket.client, ...options }),
    bitbucket,
  );
}

it('knows people by their uuid', async () => {
  const before = await (await door()).signIn();
  bitbucket.on('GET', `${api}/user`, { json: { ...ada, username: 'countess' } });
  const after = await (await door()).signIn();
  expect(before).toMatchObject({ verdict: 'known', identity: { name: 'ada', subject: ada.uuid } });
  expect(after.identity).toMatchObject({ name: 'countess', subject: ada.uuid });
  expect(bitbucket.requestsTo(workspaces)).toHaveLength(0);
});

describe('workspaces', () => {
  it('let their members in, on whichever page they stand', async () => {
    const outcome = await (await door({ allowedWorkspaces: ['Engines'], workspacesAsGroups: true })).signIn();
    expect(outcome).toMatchObject({ verdict: 'in', identity: { groups: ['ada', 'engines'] } });
    expect(bitbucket.requestsTo(workspaces)).toHaveLength(2);
  });

  it('let nobody else in', async () => {
    expect((await (await door({ allowedWorkspaces: ['royal-society'] })).signIn()).verdict).toBe('known');
  });

  it('let nobody in by the name that people see', async () => {
    const named = { ...workspace('evil'), workspace: { slug: 'evil', name: 'engines' } };
    bitbucket.on('GET', workspaces, { json: { values: [named] } });
    expect((await (await door({ allowedWorkspaces: ['engines'] })).signIn()).verdict).toBe('known');
  });

  it.each([
    ['a missing permission', { status: 403, json: { type: 'error', error: { message: 'Access denied.' } } }],
    ['a fault', { status: 500, text: '<html>' }],
    ['another shape', { json: [workspace('engines')] }],
    ['an entry without its name', { json: { values: [{ workspace: {} }] } }],
    ['a next page elsewhere', { json: { values: [], next: 'https://evil.example/2.0/user/workspaces' } }],
    ['pages without end', { json: { values: [], next: workspaces } }],
  ])('let nobody in over %s', async (_what, answer) => {
    bitbucket.on('GET', workspaces, answer);
    const outcome = await (await door({ allowedWorkspaces: ['engines'] })).signIn();
    expect(outcome.verdict).toBe('refused');
    expect(outcome.refusal?.status).toBeGreaterThanOrEqual(500);
    expect(bitbucket.requestsTo('https://evil.example/2.0/user/workspaces')).toHaveLength(0);
  });
});

it('counts a confirmed primary address only', async () => {
  const address = (is_confirmed: boolean) => ({
    json: { values: [{ type: 'email', email: 'ada@engines.example', is_primary: true, is_confirmed }] },
  });
  bitbucket.on('GET', emails, address(true));
  expect((await (await door({ allowedDomains: ['engines.example'] })).signIn()).verdict).toBe('in');
  bitbucket.on('GET', emails, address(false));
  expect((await (await door({ allowedDomains: ['engines.example'] })).signIn()).verdict).toBe('known');
});
