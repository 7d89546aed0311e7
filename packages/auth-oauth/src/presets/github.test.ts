import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDoor, refreshOf } from '../../test/support/door.ts';
import { FakeProvider } from '../../test/support/fake-provider.ts';
import { githubAuthenticator } from './github.ts';

type Options = Parameters<typeof githubAuthenticator>[0];

const api = 'https://api.github.com';
let github: FakeProvider;

beforeEach(async () => {
  github = await FakeProvider.start();
  github
    .oauth({
      authorize: 'https://github.com/login/oauth/authorize',
      token: 'https://github.com/login/oauth/access_token',
    })
    .on('GET', `${api}/user`, { json: ada });
  github.token = {
    access_token: 'gho_16C7e42F292c6912E7710c838347Ae178B4a',
    scope: 'read:org',
    token_type: 'bearer',
  };
});
afterEach(() => github[Symbol.asyncDispose]());

/** The shape of `GET /user`, shortened. */
const ada = {
  login: 'AdaLovelace',
  id: 1815,
  node_id: 'MDQ6VXNlcjE4MTU=',
  avatar_url: 'https://avatars.githubusercontent.com/u/1815?v=4',
  type: 'User',
  site_admin: false,
  name: 'Ada Lovelace',
  email: null,
  two_factor_authentication: true,
};
const notFound = {
  status: 404,
  json: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404' },
};

function door(options: Partial<Options> = {}) {
  return openDoor(githubAuthenticator, githubAuthenticator({ ...github.client, ...options }), github);
}

function membership(state: string) {
  return {
    json: {
      url: `${api}/user/memberships/orgs/engines`,
      state,
      role: 'member',
      organization: { login: 'engines' },
    },
  };
}

describe('who somebody is', () => {
  it('is told by the number, so that a new login is the same person', async () => {
    const before = await (await door()).signIn();
    github.on('GET', `${api}/user`, { json: { ...ada, login: 'ada-king' } });
    const after = await (await door()).signIn();

    expect(before.identity).toMatchObject({ subject: 'https://github.com#1815', name: 'AdaLovelace' });
    expect(before.name).toBe('adalovelace');
    expect(after.identity).toMatchObject({ subject: 'https://github.com#1815', name: 'ada-king' });
  });

  it('is refused when the number is none', async () => {
    github.on('GET', `${api}/user`, { json: { ...ada, id: { number: 1815 } } });
    expect(await (await door({ allowAll: true })).signIn()).toMatchObject({
      verdict: 'refused',
      refusal: { status: 403 },
    });
  });

  it('asks for no scope that no option needs', async () => {
    expect((await (await door()).signIn()).asked.get('scope') ?? '').toBe('');
  });
});

describe('allowedOrganizations', () => {
  it('lets a member in, whose membership may be private', async () => {
    github.on('GET', `${api}/user/memberships/orgs/engines`, membership('active'));
    const outcome = await (await door({ allowedOrganizations: ['engines'] })).signIn();

    expect(outcome.verdict).toBe('in');
    expect(outcome.asked.get('scope')).toBe('read:org');
    const [question] = github.requestsTo(`${api}/user/memberships/orgs/engines`);
    expect(question?.headers).toMatchObject({
      authorization: `Bearer ${github.token.access_token}`,
      accept: 'application/vnd.github+json',
      'user-agent': expect.stringMatching(/\w/), // GitHub refuses requests without one
    });
  });

  it('lets nobody in who is no member, or was only invited', async () => {
    const options = { allowedOrganizations: ['engines'] };
    github.on('GET', `${api}/user/memberships/orgs/engines`, notFound);
    expect((await (await door(options)).signIn()).verdict).toBe('known');
    github.on('GET', `${api}/user/memberships/orgs/engines`, membership('pending'));
    expect((await (await door(options)).signIn()).verdict).toBe('known');
  });

  it('lets a member of a team in by org:team', async () => {
    const team = `${api}/orgs/engines/teams/difference/memberships/AdaLovelace` as const;
    github.on('GET', team, { json: { url: team, role: 'maintainer', state: 'active' } });
    const options = { allowedOrganizations: ['engines:analytical', 'engines:difference'] };
    expect((await (await door(options)).signIn()).verdict).toBe('in');
  });

  it('asks the others although one organisation keeps its members to itself', async () => {
    github.on('GET', `${api}/user/memberships/orgs/royal`, { status: 403, json: { message: 'Forbidden' } });
    github.on('GET', `${api}/user/memberships/orgs/engines`, membership('active'));
    expect((await (await door({ allowedOrganizations: ['royal', 'engines'] })).signIn()).verdict).toBe('in');
  });

  it('names the organisation when GitHub does not tell, instead of calling it a refusal', async () => {
    github.on('GET', `${api}/user/memberships/orgs/royal`, {
      status: 403,
      json: {
        message:
          'Although you appear to have the correct authorization credentials, the organization has enabled OAuth App access restrictions.',
      },
    });
    const outcome = await (await door({ allowedOrganizations: ['royal'] })).signIn();
    expect(outcome.refusal).toMatchObject({ status: 503, sentence: expect.stringContaining('royal') });
  });

  it.each([
    ['a rate limit', 403, { message: 'API rate limit exceeded for user ID 1815.' }],
    ['a fault', 500, { message: 'Server Error' }],
    ['another shape', 200, { role: 'member' }],
    ['a list instead', 200, []],
  ])('lets nobody in over this answer of the API: %s', async (_what, status, json) => {
    github.on('GET', `${api}/user/memberships/orgs/engines`, { status, json });
    const outcome = await (await door({ allowedOrganizations: ['engines'] })).signIn();
    expect(outcome).toMatchObject({ verdict: 'refused', refusal: { status: 503 } });
  });

  it('warns of scopes that cannot work', async () => {
    expect((await door({ allowedOrganizations: ['engines'], scopes: ['user:email'] })).warnings).toEqual([
      expect.stringContaining('read:org'),
    ]);
  });

  it('lets nobody in when no rule is given', async () => {
    expect((await (await door()).signIn()).verdict).toBe('known');
  });
});

describe('populateTeams', () => {
  const teams = `${api}/user/teams` as const;
  const team = (slug: string) => ({
    id: 7,
    name: slug.toUpperCase(),
    slug,
    privacy: 'closed',
    organization: { login: 'Engines', id: 9, url: 'https://…' },
  });

  it('makes groups of all pages', async () => {
    github.on('GET', teams, ({ query }) =>
      query.get('page') === '2'
        ? { json: [team('difference')] }
        : {
            json: [team('analytical')],
            headers: {
              link: `<${teams}?per_page=100&page=2>; rel="next", <${teams}?page=2>; rel="last"`,
            },
          },
    );
    const outcome = await (
      await door({ populateTeams: true, allowedGroups: ['Engines:difference'] })
    ).signIn();

    expect(outcome.verdict).toBe('in');
    expect(outcome.identity?.groups).toEqual(['Engines:analytical', 'Engines:difference']);
    expect(outcome.identity?.authState?.teams).toEqual([
      { id: 7, name: 'ANALYTICAL', slug: 'analytical', organization: { id: 9, login: 'Engines' } },
      { id: 7, name: 'DIFFERENCE', slug: 'difference', organization: { id: 9, login: 'Engines' } },
    ]);
    expect(github.requestsTo(teams)).toHaveLength(2);
  });

  it('ends with an explanation when pages do not end', async () => {
    github.on('GET', teams, { json: [team('a')], headers: { link: `<${teams}?page=2>; rel="next"` } });
    const outcome = await (await door({ populateTeams: true, allowAll: true })).signIn();
    expect(outcome).toMatchObject({ verdict: 'refused', refusal: { status: 503 } });
    expect(github.requestsTo(teams).length).toBeLessThanOrEqual(50);
  });

  it('does not follow a list to another address, nor take half of it', async () => {
    const elsewhere = 'https://api.github.com.evil.example/user/teams';
    github.on('GET', teams, { json: [team('a')], headers: { link: `<${elsewhere}?page=2>; rel="next"` } });
    const outcome = await (await door({ populateTeams: true, allowAll: true })).signIn();
    expect(outcome).toMatchObject({ verdict: 'refused', refusal: { status: 503 } });
    expect(github.requestsTo(elsewhere)).toHaveLength(0);
  });

  it('does not take a list that lacks what a team has', async () => {
    github.on('GET', teams, { json: [{ id: 7, slug: 'analytical' }] });
    const outcome = await (await door({ populateTeams: true, allowAll: true })).signIn();
    expect(outcome).toMatchObject({ verdict: 'refused', refusal: { status: 503 } });
  });
});

describe('allowedDomains', () => {
  const emails = `${api}/user/emails` as const;
  const email = (address: string, verified: boolean, primary: boolean) => ({
    email: address,
    verified,
    primary,
    visibility: null,
  });

  it('counts the primary address, if it is verified', async () => {
    github.on('GET', emails, {
      json: [email('x@evil.example', true, false), email('ada@engines.example', true, true)],
    });
    expect((await (await door({ allowedDomains: ['engines.example'] })).signIn()).verdict).toBe('in');
    expect((await (await door({ allowedDomains: ['evil.example'] })).signIn()).verdict).toBe('known');
  });

  it('does not count one that is not verified, nor the one of the public profile', async () => {
    github.on('GET', `${api}/user`, { json: { ...ada, email: 'ada@engines.example' } });
    github.on('GET', emails, { json: [email('ada@engines.example', false, true)] });
    expect((await (await door({ allowedDomains: ['engines.example'] })).signIn()).verdict).toBe('known');
    github.on('GET', emails, notFound); // the scope was not granted
    expect((await (await door({ allowedDomains: ['engines.example'] })).signIn()).verdict).toBe('known');
  });
});

describe('asking again', () => {
  it('puts somebody out who left the organisation, and nobody over a fault', async () => {
    const url = `${api}/user/memberships/orgs/engines` as const;
    github.on('GET', url, membership('active'));
    const opened = await door({ allowedOrganizations: ['engines'] });
    const outcome = await opened.signIn();

    expect(await refreshOf(opened, outcome)).toMatchObject({ verdict: 'in' });
    github.on('GET', url, { status: 500, json: {} });
    await expect(refreshOf(opened, outcome)).rejects.toMatchObject({ status: 503 });
    github.on('GET', url, notFound);
    expect(await refreshOf(opened, outcome)).toMatchObject({ verdict: 'known' });
  });
});

it('finds the addresses of a GitHub Enterprise Server', async () => {
  github
    .oauth({ authorize: '/login/oauth/authorize', token: '/login/oauth/access_token' })
    .on('GET', '/api/v3/user', { json: ada });
  const outcome = await (await door({ url: `${github.origin}/`, allowAll: true })).signIn();
  expect(outcome).toMatchObject({ verdict: 'in', identity: { subject: `${github.origin}#1815` } });
});
