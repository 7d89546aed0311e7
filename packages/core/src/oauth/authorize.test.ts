import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Browser, Reply } from '../../test/support/browser.ts';
import { type OAuthHub, openOAuthHub } from '../../test/support/oauth-hub.ts';

const authorize = '/hub/api/oauth2/authorize';
const callback = 'https://ext.example/services/ext/oauth_callback';
const ext = { client_id: 'service-ext', redirect_uri: callback, response_type: 'code', state: 's' };
const pathClient = { client_id: 'service-path', response_type: 'code', state: 's' };

let hub: OAuthHub;
let ada: Browser;
beforeAll(async () => {
  hub = await openOAuthHub();
  await hub.service('ext', callback, ['list:users', 'read:users!user']);
  await hub.service('path', '/services/path/oauth_callback');
  await hub.service('query', 'https://ext.example/cb?a=b');
  await hub.service('closed', 'https://ext.example/closed');
  await hub.service('all', 'https://ext.example/all', ['inherit']);
  await hub.server('ada');
  await hub.server('grace');
  ada = await hub.signIn('ada');
  await hub.give('ada', ...['ext', 'path', 'query', 'all'].map((name) => `access:services!service=${name}`));
  hub.noConfirm.add('path');
});
afterAll(() => hub[Symbol.asyncDispose]());
afterEach(() => void hub.consents.splice(0));

const query = (parameters: Readonly<Record<string, string>>) => new URLSearchParams(parameters).toString();
const ask = (parameters: Readonly<Record<string, string>> | string, browser = ada) =>
  browser.get(`${authorize}?${typeof parameters === 'string' ? parameters : query(parameters)}`);

/** Posts the consent form with what the page showed. */
async function agree(
  parameters: Readonly<Record<string, string>>,
  fields: readonly (readonly [string, string])[] = [],
  browser = ada,
): Promise<Reply> {
  const page = await ask(ext, browser);
  const token = /name="_xsrf" value="([^"]*)"/.exec(page.text)?.[1] ?? browser.cookie('_xsrf') ?? '';
  return browser.post(`${authorize}?${query(parameters)}`, [['_xsrf', token], ...fields]);
}

async function codeRow(reply: Reply) {
  const code = new URL(reply.headers.location ?? '', 'https://hub.example').searchParams.get('code') ?? '';
  const rows =
    await hub.sql`SELECT *, extract(epoch FROM expires_at - hub_now())::float8 AS seconds FROM oauth_codes
    WHERE hash = encode(sha256(${code}::bytea), 'hex')`;
  return { code, row: rows[0] };
}

describe('an authorize request', () => {
  describe('that cannot be trusted is answered on the hub with 400 (W71)', () => {
    const cases: Record<string, [string, string]> = {
      'no client_id': [query({ response_type: 'code' }), 'Missing client_id parameter.'],
      'empty client_id': [query({ ...ext, client_id: '' }), 'Missing client_id parameter.'],
      'unknown client_id': [query({ ...ext, client_id: 'nobody' }), 'Invalid client_id parameter value.'],
      "the hub's own client (W68)": [
        query({ ...ext, client_id: 'jupyterhub' }),
        'Invalid client_id parameter value.',
      ],
      'another redirect URI': [query({ ...ext, redirect_uri: `${callback}/` }), 'Mismatching redirect URI.'],
      'the registered URI with a query': [
        query({ ...ext, redirect_uri: `${callback}?a=b` }),
        'Mismatching redirect URI.',
      ],
      'another path': [
        query({ ...pathClient, redirect_uri: '/services/path/x' }),
        'Mismatching redirect URI.',
      ],
      'a registered path made absolute': [
        query({ ...pathClient, redirect_uri: 'https://hub.invalid/services/path/oauth_callback' }),
        'Mismatching redirect URI.',
      ],
      'a relative redirect URI': [query({ ...ext, redirect_uri: 'abc' }), 'Invalid redirect URI.'],
      'an empty redirect URI': [query({ ...ext, redirect_uri: '' }), 'Invalid redirect URI.'],
      'two client_id': [`${query(ext)}&client_id=service-ext`, 'Duplicate client_id parameter.'],
      'two redirect_uri': [`${query(ext)}&redirect_uri=x`, 'Duplicate redirect_uri parameter.'],
      'two response_type': [`${query(ext)}&response_type=code`, 'Duplicate response_type parameter.'],
      'two scope': [`${query(ext)}&scope=a&scope=b`, 'Duplicate scope parameter.'],
      'two state': [`${query(ext)}&state=t`, 'Duplicate state parameter.'],
      'two code_challenge': [
        `${query(ext)}&code_challenge=a&code_challenge=b`,
        'Duplicate code_challenge parameter.',
      ],
      'a & at the end': [`${query(ext)}&`, 'Unable to parse query string'],
      'a part without =': [`${query(ext)}&foo`, 'Unable to parse query string'],
      'a broken escape': [`${query(ext)}&foo=%zz`, 'Unable to parse query string'],
    };
    it.each(Object.entries(cases))('%s', async (_name, [sent, message]) => {
      const reply = await ask(sent);
      expect([reply.status, reply.text]).toEqual([400, `400 : ${message}\n`]);
      expect(reply.headers.location).toBeUndefined();
    });
  });

  describe('with a mistake of the application sends it back with the error (W71)', () => {
    const description = (text: string) => `error=invalid_request&error_description=${text}`;
    const noTransform = description('Transform+algorithm+not+supported.');
    const cases: Record<string, [Record<string, string>, string]> = {
      'another response_type': [
        { ...ext, response_type: 'token' },
        'error=unsupported_response_type&state=s',
      ],
      'an empty response_type': [{ ...ext, response_type: '' }, 'error=unsupported_response_type&state=s'],
      'no response_type': [
        { client_id: 'service-ext', state: 's' },
        `${description('Missing+response_type+parameter.')}&state=s`,
      ],
      'no response_type and no state': [
        { client_id: 'service-ext' },
        description('Missing+response_type+parameter.'),
      ],
      'an empty state': [{ ...ext, response_type: 'x', state: '' }, 'error=unsupported_response_type'],
      'a state of any characters': [
        { ...ext, response_type: 'x', state: 'ü &=' },
        'error=unsupported_response_type&state=%C3%BC+%26%3D',
      ],
      'an unknown scope': [{ ...ext, scope: 'nope' }, 'error=invalid_scope&state=s'],
      'a scope that is not allowed': [{ ...ext, scope: 'admin:users' }, 'error=invalid_scope&state=s'],
      'an empty scope': [{ ...ext, scope: '' }, 'error=invalid_scope&state=s'],
      'a doubled blank in scope': [
        { ...ext, scope: 'list:users  read:users!user' },
        'error=invalid_scope&state=s',
      ],
      'a role with more than is allowed': [{ ...ext, scope: 'user' }, 'error=invalid_scope&state=s'],
      'an unknown challenge method': [
        { ...ext, code_challenge: 'x', code_challenge_method: 'S512' },
        `${noTransform}&state=s`,
      ],
      'an empty challenge method': [
        { ...ext, code_challenge: 'x', code_challenge_method: '' },
        `${noTransform}&state=s`,
      ],
      'two mistakes: the type comes first': [
        { ...ext, response_type: 'x', scope: 'nope' },
        'error=unsupported_response_type&state=s',
      ],
    };
    it.each(Object.entries(cases))('%s', async (_name, [sent, answer]) => {
      const reply = await ask(sent);
      expect([reply.status, reply.headers.location]).toEqual([302, `${callback}?${answer}`]);
    });

    it('to a registered path', async () => {
      const { headers } = await ask({ ...pathClient, response_type: 'x' });
      expect(headers.location).toBe('/services/path/oauth_callback?error=unsupported_response_type&state=s');
    });

    it('to a registered address with a query of its own', async () => {
      const { headers } = await ask({ client_id: 'service-query', response_type: 'x', state: 's' });
      expect(headers.location).toBe('https://ext.example/cb?a=b&error=unsupported_response_type&state=s');
    });

    it('without a challenge, where one is required', async () => {
      await using strict = await openOAuthHubFor({ requirePkce: true });
      const { headers } = await ask(pathClient, strict.browser);
      const answer = `${description('Code+challenge+required.')}&state=s`;
      expect(headers.location).toBe(`/services/path/oauth_callback?${answer}`);
      const { headers: good } = await ask({ ...pathClient, code_challenge: 'x' }, strict.browser);
      expect(good.location).toContain('code=');
    });
  });

  describe('is passed although it is unusual', () => {
    const cases: Record<string, string> = {
      'an unknown parameter': `${query(ext)}&foo=1&foo=2`,
      'bytes that are no UTF-8': `${query(ext)}&foo=%E4`,
      'a method without a challenge': query({ ...ext, code_challenge_method: 'S512' }),
      'the former scope identify (W72)': query({ ...ext, scope: 'identify' }),
      'no redirect_uri (W70)': query({ client_id: 'service-ext', response_type: 'code' }),
    };
    it.each(Object.entries(cases))('%s', async (_name, sent) => {
      expect((await ask(sent)).status).toBe(200);
      expect(hub.consents).toHaveLength(1);
    });
  });

  it('of a stranger leads to the login page and back (W69)', async () => {
    const { status, headers } = await ask(ext, hub.browser());
    const next = encodeURIComponent(`${authorize}?${query(ext)}`);
    expect([status, headers.location]).toEqual([302, `/hub/login?next=${next}`]);
  });

  it('counts no token, only the cookie (W69)', async () => {
    const bob = await hub.signIn('bob');
    await hub.give('bob', 'access:services');
    const token = await redeem(await agree(ext, [], bob));
    const reply = await hub.browser().get(`${authorize}?${query(ext)}`, { authorization: `token ${token}` });
    expect(reply.headers.location).toContain('/hub/login?next=');
  });

  it('speaks as a page: policy, HTML, no other method, and scripts may ask too (W69, W83)', async () => {
    const { headers } = await ask({ ...ext, client_id: '' });
    expect(headers['content-security-policy']).toContain("script-src 'self'");
    expect((await ada.request('PUT', `${authorize}?${query(ext)}`, xsrf())).status).toBe(405);
    expect((await ada.request('HEAD', `${authorize}?${query(ext)}`)).status).toBe(405);
    const byScript = await ada.get(`${authorize}?${query(pathClient)}`, { 'sec-fetch-mode': 'cors' });
    expect(byScript.status).toBe(302);
  });

  it('is 403 for who may not use the service, and says which (W71)', async () => {
    const reply = await ask({ client_id: 'service-closed', response_type: 'code' });
    expect(reply.status).toBe(403);
    expect(reply.text).toContain('You do not have permission to access JupyterHub service closed');
  });

  it("is 403 for another user's server (W71)", async () => {
    const reply = await ask({ client_id: 'jupyterhub-user-grace', response_type: 'code' });
    expect(reply.status).toBe(403);
    expect(reply.text).toContain('You do not have permission to access Server at /user/grace/');
  });

  it('tells of a wrong scope before it tells of a missing permission', async () => {
    const { headers } = await ask({ client_id: 'service-closed', response_type: 'code', scope: 'nope' });
    expect(headers.location).toBe('https://ext.example/closed?error=invalid_scope');
  });

  it('is 500 for a client that stands for nothing (W71)', async () => {
    await hub.clients.put({
      identifier: 'stale',
      description: '',
      secret: 'secret',
      redirectUri: '/x',
      allowedScopes: [],
    });
    expect((await ask({ client_id: 'stale', response_type: 'code' })).status).toBe(500);
  });

  it("reaches a server by its owner's group", async () => {
    const teacher = await hub.signIn('teacher');
    await hub.give('teacher', 'access:servers!group=class');
    const server = { client_id: 'jupyterhub-user-grace', response_type: 'code' };
    expect((await ask(server, teacher)).status).toBe(403);
    await hub.sql`WITH class AS (INSERT INTO groups (name) VALUES ('class') RETURNING id)
      INSERT INTO memberships (user_id, group_id) SELECT users.id, class.id FROM users, class WHERE users.name = 'grace'`;
    const reply = await ask(server, teacher);
    expect(reply.status).toBe(200);
    expect(hub.consents[0]?.client).toMatchObject({ id: 'jupyterhub-user-grace', kind: 'server' });
  });
});

it("reaches one's own server by one's own group alone", async () => {
  await hub.server('loner');
  const loner = await hub.signIn('loner');
  await hub.give('loner', 'access:servers!group=loners');
  await hub.sql`DELETE FROM user_roles USING users, roles
    WHERE users.id = user_id AND roles.id = role_id AND users.name = 'loner' AND roles.name = 'user'`;
  await hub.sql`WITH own AS (INSERT INTO groups (name) VALUES ('loners') RETURNING id)
    INSERT INTO memberships (user_id, group_id) SELECT users.id, own.id FROM users, own WHERE users.name = 'loner'`;
  const reply = await ask({ client_id: 'jupyterhub-user-loner', response_type: 'code' }, loner);
  expect(reply.headers.location).toContain('/user/loner/oauth_callback?code=');
});

describe('consent', () => {
  it('shows what is asked as far as the user holds it, in words, and where it leads (W72, W73)', async () => {
    const reply = await ask(ext);
    expect(reply.status).toBe(200);
    expect(reply.headers['content-security-policy']).toContain("form-action 'self' https://ext.example");
    expect(hub.consents).toEqual([
      {
        client: { id: 'service-ext', description: 'JupyterHub service ext', kind: 'service' },
        allowedScopes: [
          'access:services!service=ext',
          'read:users!user',
          'read:users:groups!user',
          'read:users:name!user',
          'read:users:name!user=ada', // what is left of list:users
        ],
        scopes: [{ scope: 'read:users!user', description: expect.any(String), filter: 'only you' }],
        action: `${authorize}?${query(ext)}`,
        redirectUri: callback,
      },
    ]);
  });

  it('shows inherit alone, since it makes all else meaningless (W72)', async () => {
    await ask({ client_id: 'service-all', response_type: 'code' });
    expect(hub.consents[0]?.allowedScopes).toEqual(['inherit']);
  });

  it('asks for less when less is asked', async () => {
    await ask({ ...ext, scope: 'identify' });
    expect(hub.consents[0]?.scopes).toEqual([]);
  });

  it('is not asked for an own server (W73)', async () => {
    const { status, headers } = await ask({ client_id: 'jupyterhub-user-ada', response_type: 'code' });
    expect(status).toBe(302);
    expect(headers.location).toMatch(/^\/user\/ada\/oauth_callback\?code=[A-Za-z0-9]{30}$/);
  });

  it('is not asked for a service that is to ask nobody (W73)', async () => {
    const { headers } = await ask({
      ...pathClient,
      redirect_uri: '/services/path/oauth_callback',
      state: 'a b/ü',
    });
    expect(headers.location).toMatch(
      /^\/services\/path\/oauth_callback\?code=[A-Za-z0-9]{30}&state=a\+b%2F%C3%BC$/,
    );
    expect(hub.consents).toEqual([]);
  });

  it('is not asked twice: earlier tokens of this client cover it (W73)', async () => {
    const linus = await hub.signIn('linus');
    await hub.give('linus', 'access:services!service=ext');
    await ask(ext, linus);
    const shown = hub.consents[0]?.allowedScopes ?? [];
    await redeem(
      await agree(
        ext,
        shown.map((scope) => ['scopes', scope]),
        linus,
      ),
    );
    hub.consents.splice(0);

    const { status, headers } = await ask(ext, linus);
    expect([status, hub.consents]).toEqual([302, []]);
    expect(headers.location).toContain('code=');

    await hub.give('linus', 'list:users');
    expect((await ask(ext, linus)).status, 'more is asked now').toBe(200);
  });
});

describe('the answer of the user', () => {
  it('needs the token of the page (W74)', async () => {
    const reply = await ada.post(`${authorize}?${query(ext)}`);
    expect([reply.status, reply.headers.location]).toEqual([403, undefined]);
  });

  it('is 403 from a stranger, even from one whose form is ours', async () => {
    const stranger = hub.browser();
    expect((await stranger.post(`${authorize}?${query(ext)}`)).status).toBe(403);
    const { text: token } = await stranger.get('/hub/login');
    const reply = await stranger.post(`${authorize}?${query(ext)}`, { _xsrf: token });
    expect([reply.status, reply.text]).toEqual([403, '403 : Forbidden\n']);
  });

  it('leads back with a code of 300 s that is bound to everything and kept hashed (W75)', async () => {
    const reply = await agree({ ...ext, code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' }, [
      ['scopes', 'read:users!user'],
    ]);
    expect(reply.status).toBe(302);
    expect(reply.headers['cache-control']).toBe('no-store');
    expect(reply.headers.location).toMatch(
      /^https:\/\/ext\.example\/services\/ext\/oauth_callback\?code=[A-Za-z0-9]{30}&state=s$/,
    );
    const { row } = await codeRow(reply);
    expect(row).toMatchObject({
      client_id: 'service-ext',
      session_id: ada.cookie('jupyterhub-session-id'),
      redirect_uri: callback,
      code_challenge: 'c'.repeat(43),
      code_challenge_method: 'S256',
      scopes: [
        'access:services!service=ext',
        'read:users!user',
        'read:users:groups!user',
        'read:users:name!user',
      ],
    });
    expect(row?.seconds).toBeGreaterThan(280);
    expect(row?.seconds).toBeLessThanOrEqual(300);
  });

  it('grants identify and access alone when no scope is left (W74)', async () => {
    const { row } = await codeRow(await agree(ext));
    expect(row?.scopes).toEqual([
      'access:services!service=ext',
      'read:users:groups!user',
      'read:users:name!user',
    ]);
  });

  it.each(['admin:users', 'nope', 'inherit'])(
    'is invalid_scope with %s added to the form (W74)',
    async (scope) => {
      const { headers } = await agree(ext, [['scopes', scope]]);
      expect(headers.location).toBe(`${callback}?error=invalid_scope&state=s`);
    },
  );

  it('does not grant what the user does not hold, though the client may ask for it (W72)', async () => {
    const { row } = await codeRow(await agree(ext, [['scopes', 'list:users']]));
    expect(row?.scopes).not.toContain('list:users');
  });

  it('may be no: access_denied (W74)', async () => {
    const { status, headers } = await agree(ext, [
      ['scopes', 'read:users!user'],
      ['deny', '1'],
    ]);
    expect([status, headers.location]).toEqual([302, `${callback}?error=access_denied&state=s`]);
  });

  it('is 403 for who may not use the service, whatever is posted (W74)', async () => {
    const closed = { client_id: 'service-closed', response_type: 'code' };
    const reply = await agree(closed);
    expect(reply.status).toBe(403);
    expect(reply.text).toContain('You do not have permission to access JupyterHub service closed');
    expect((await agree(closed, [['deny', '1']])).status).toBe(403);
  });

  it('is checked like the question: the address decides, fields do not', async () => {
    expect((await agree({ ...ext, client_id: 'nobody' })).status).toBe(400);
    const { headers } = await agree({ ...ext, response_type: 'x' });
    expect(headers.location).toBe(`${callback}?error=unsupported_response_type&state=s`);
    const other = await agree(ext, [['redirect_uri', 'https://evil.example/']]);
    expect(other.headers.location).toContain(`${callback}?code=`);
  });
});

function xsrf() {
  return { headers: { 'x-xsrftoken': ada.cookie('_xsrf') ?? '' } };
}

async function redeem(reply: Reply): Promise<string> {
  const { code } = await codeRow(reply);
  const form = {
    grant_type: 'authorization_code',
    client_id: 'service-ext',
    client_secret: 'ext-secret',
    code,
  };
  const { text } = await hub.browser().post('/hub/api/oauth2/token', form);
  return JSON.parse(text).access_token;
}

async function openOAuthHubFor(change: Parameters<typeof openOAuthHub>[0]) {
  const strict = await openOAuthHub(change);
  await strict.service('path', '/services/path/oauth_callback');
  const browser = await strict.signIn('ada');
  await strict.give('ada', 'access:services');
  strict.noConfirm.add('path');
  return { browser, [Symbol.asyncDispose]: () => strict[Symbol.asyncDispose]() };
}
