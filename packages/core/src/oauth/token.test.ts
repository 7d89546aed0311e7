import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser, Reply } from '../../test/support/browser.ts';
import { type OAuthHub, openOAuthHub } from '../../test/support/oauth-hub.ts';

const endpoint = '/hub/api/oauth2/token';
const callback = '/services/path/oauth_callback';
const grant = { grant_type: 'authorization_code', client_id: 'service-path', client_secret: 'path-secret' };
const verifier = 'v'.repeat(43);
const s256 = {
  code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  code_challenge_method: 'S256',
};

let hub: OAuthHub;
let ada: Browser;
beforeAll(async () => {
  hub = await openOAuthHub();
  await hub.service('path', callback, ['shutdown']);
  await hub.service('ext', 'https://ext.example/cb');
  await hub.service('unhashed', '/x');
  hub.noConfirm.add('path');
  ada = await hub.signIn('ada');
  await hub.give('ada', 'access:services!service=path');
});
afterAll(() => hub[Symbol.asyncDispose]());

async function newCode(more: Readonly<Record<string, string>> = {}, browser = ada): Promise<string> {
  const query = new URLSearchParams({ client_id: 'service-path', response_type: 'code', ...more });
  const { headers } = await browser.get(`/hub/api/oauth2/authorize?${query}`);
  const code = /[?&]code=([A-Za-z0-9]{30})/.exec(headers.location ?? '')?.[1];
  if (code === undefined) throw new Error(`no code: ${headers.location}`);
  return code;
}

const post = (form: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) =>
  hub.browser().post(endpoint, form, headers);
const redeem = (code: string, more: Readonly<Record<string, string>> = {}) =>
  post({ ...grant, code, ...more });
const outcome = ({ status, text }: Reply) => [status, JSON.parse(text)];
const raw = (body: string, type = 'application/x-www-form-urlencoded') =>
  hub.browser().request('POST', endpoint, { headers: { 'content-type': type }, body });
const whoIs = (token: string) => hub.browser().get('/hub/api/user', { authorization: `token ${token}` });
const tokenOf = (reply: Reply): string => JSON.parse(reply.text).access_token;

describe('a good code', () => {
  it('becomes a token (W77)', async () => {
    const reply = await redeem(await newCode(), { redirect_uri: callback });
    expect(outcome(reply)).toEqual([
      200,
      {
        access_token: expect.stringMatching(/^[A-Za-z0-9]{30}$/),
        expires_in: 1_209_600,
        token_type: 'Bearer',
        scope: 'access:services!service=path read:users:groups!user read:users:name!user',
      },
    ]);
    expect(reply.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      pragma: 'no-cache',
    });
  });

  it('may come without redirect_uri (W76)', async () => {
    expect((await redeem(await newCode())).status).toBe(200);
  });

  it('gives a token bound to client and session, for as long as it says (W46, W77)', async () => {
    const reply = await redeem(await newCode());
    const [row] =
      await hub.sql`SELECT *, extract(epoch FROM expires_at - created)::float8 AS seconds FROM tokens
      WHERE hash = encode(sha256(${tokenOf(reply)}::bytea), 'hex')`;
    expect(row).toMatchObject({
      client_id: 'service-path',
      session_id: ada.cookie('jupyterhub-session-id'),
      scopes: ['access:services!service=path', 'read:users:groups!user', 'read:users:name!user'],
    });
    expect(row?.seconds).toBeCloseTo(1_209_600, 0);
    expect(outcome(await whoIs(tokenOf(reply)))).toMatchObject([
      200,
      { name: 'ada', kind: 'user', session_id: ada.cookie('jupyterhub-session-id') },
    ]);
  });

  it('leaves one line in the audit trail, without the secret', async () => {
    const token = tokenOf(await redeem(await newCode()));
    const [row] =
      await hub.sql`SELECT *, row_to_json(audit)::text AS line FROM audit ORDER BY id DESC LIMIT 1`;
    expect(row).toMatchObject({ action: 'token.create', actor: 'ada', target: 'user:ada' });
    expect(row?.line).not.toContain(token);
  });

  it('ends with the login it came from: token and unused code alike (R167)', async () => {
    const browser = await hub.signIn('leaving');
    await hub.give('leaving', 'access:services!service=path');
    const token = tokenOf(await redeem(await newCode({}, browser)));
    const unused = await newCode({}, browser);
    expect((await whoIs(token)).status).toBe(200);

    await browser.get('/hub/logout');
    expect((await whoIs(token)).status).toBe(403);
    expect(outcome(await redeem(unused))).toEqual([400, { error: 'invalid_grant' }]);
  });

  it('is redeemed by one of many at a time (W75)', async () => {
    const code = await newCode();
    const [before] = await hub.sql`SELECT count(*)::int AS n FROM tokens`;
    const replies = await Promise.all(Array.from({ length: 12 }, () => redeem(code)));
    expect(replies.map(({ status }) => status).sort()).toEqual([
      200,
      ...Array.from({ length: 11 }, () => 400),
    ]);
    const [after] = await hub.sql`SELECT count(*)::int AS n FROM tokens`;
    expect(after?.n - before?.n).toBe(1);
  });
});

describe('an error of the token endpoint (W78)', () => {
  const badClient = [401, { error: 'invalid_client' }];
  const badGrant = [400, { error: 'invalid_grant' }];
  const badType = [400, { error: 'unsupported_grant_type' }];
  const bad = (error_description: string) => [400, { error: 'invalid_request', error_description }];
  const { client_secret: _, ...withoutSecret } = grant;

  const cases: Record<string, [Record<string, string>, unknown[]]> = {
    'no grant_type': [{ client_id: 'x' }, badType],
    'an empty grant_type': [{ ...grant, grant_type: '' }, badType],
    'another grant_type': [{ ...grant, grant_type: 'password' }, badType],
    client_credentials: [{ ...grant, grant_type: 'client_credentials' }, badType],
    'an empty body': [{}, badType],
    'a refresh (W77)': [
      { ...grant, grant_type: 'refresh_token', refresh_token: 'x' },
      [400, { error: 'unauthorized_client' }],
    ],
    'a refresh of a stranger': [{ ...grant, grant_type: 'refresh_token', client_secret: 'x' }, badClient],
    'a wrong secret': [{ ...grant, client_secret: 'x', code: 'x' }, badClient],
    'an empty secret': [{ ...grant, client_secret: '', code: 'x' }, badClient],
    'a secret that no header could hold': [{ ...grant, client_secret: 'ü', code: 'x' }, badClient],
    'no secret': [{ ...withoutSecret, code: 'x' }, badClient],
    'no client': [{ grant_type: 'authorization_code', code: 'x' }, badClient],
    'an unknown client': [{ ...grant, client_id: 'x', code: 'x' }, badClient],
    "the hub's own client (W68)": [{ ...grant, client_id: 'jupyterhub', code: 'x' }, badClient],
    'no code': [grant, bad('Missing code parameter.')],
    'no code and a wrong secret': [{ ...grant, client_secret: 'x' }, bad('Missing code parameter.')],
    'an empty code': [{ ...grant, code: '' }, badGrant],
    'an unknown code': [{ ...grant, code: 'x' }, badGrant],
    'a code of other characters': [{ ...grant, code: 'ü' }, badGrant],
  };
  it.each(Object.entries(cases))('%s', async (_name, [form, expected]) => {
    const reply = await post(form);
    expect(outcome(reply)).toEqual(expected);
    expect(reply.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      pragma: 'no-cache',
    });
    expect(reply.headers['www-authenticate']).toBe(
      reply.status === 401 ? 'Bearer error="invalid_client"' : undefined,
    );
  });

  it('a code used before', async () => {
    const code = await newCode();
    expect((await redeem(code)).status).toBe(200);
    expect(outcome(await redeem(code))).toEqual(badGrant);
  });

  it('a code of another client, which its own can still use', async () => {
    const code = await newCode();
    const foreign = { ...grant, client_id: 'service-ext', client_secret: 'ext-secret', code };
    expect(outcome(await post(foreign))).toEqual(badGrant);
    expect((await redeem(code)).status).toBe(200);
  });

  it('a redirect URI that is not the one of the code, which stays good', async () => {
    const code = await newCode();
    for (const redirect_uri of ['/x', 'https://x.example/', '', `https://hub.invalid${callback}`]) {
      expect(outcome(await redeem(code, { redirect_uri }))).toEqual(bad('Mismatching redirect URI.'));
    }
    expect((await redeem(code)).status).toBe(200);
  });

  it('a code of more than 300 s', async () => {
    await using late = await openOAuthHub();
    await late.service('path', callback);
    late.noConfirm.add('path');
    const browser = await late.signIn('ada');
    await late.give('ada', 'access:services');
    const inTime = await newCode({}, browser);
    const tooOld = await newCode({}, browser);
    await late.passTime(295);
    expect((await late.browser().post(endpoint, { ...grant, code: inTime })).status).toBe(200);
    await late.passTime(10);
    expect(outcome(await late.browser().post(endpoint, { ...grant, code: tooOld }))).toEqual(badGrant);
  });

  it.each(['client_id', 'grant_type', 'code', 'client_secret', 'code_verifier', 'redirect_uri'])(
    'two %s',
    async (name) => {
      const body = `${new URLSearchParams({ ...grant, code: 'a' })}&${name}=a&${name}=a`;
      expect(outcome(await raw(body))).toEqual(bad(`Duplicate ${name} parameter.`));
    },
  );

  it('a query: secrets do not belong there (W76)', async () => {
    const code = await newCode();
    const query = `?${new URLSearchParams({ ...grant, code })}`;
    const reply = await hub.browser().post(endpoint + query, {});
    expect(outcome(reply)).toEqual(bad('Parameters belong into the body.'));
    expect((await redeem(code)).status).toBe(200);
  });

  it('JSON instead of a form (W76)', async () => {
    expect(outcome(await raw(JSON.stringify(grant), 'application/json'))).toEqual(badType);
  });

  it('any other method is 405', async () => {
    expect((await hub.browser().get(endpoint)).status).toBe(405);
    expect((await hub.browser().request('PUT', endpoint)).status).toBe(405);
  });

  it('text that no database keeps is 400', async () => {
    expect((await post({ ...grant, client_id: 'a\0', code: 'x' })).status).toBe(400);
    expect((await post({ ...grant, grant_type: 'refresh_token', client_id: 'a\0' })).status).toBe(400);
  });
});

describe('a client proves who it is', () => {
  it('by the body, whatever token it sends besides, as HubOAuth does (W76)', async () => {
    for (const authorization of ['token path-secret', 'token nonsense', 'Bearer nonsense']) {
      const reply = await post({ ...grant, code: await newCode() }, { authorization });
      expect(reply.status, authorization).toBe(200);
    }
  });

  it('by HTTP Basic too', async () => {
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
    const form = { grant_type: 'authorization_code', code: await newCode() };
    expect((await post(form, basic('service-path:wrong'))).status).toBe(401);
    expect((await post(form, basic('service-path:'))).status).toBe(401);
    expect((await post(form, basic('service-path:path-secret'))).status).toBe(200);
  });

  it('even when it proves by PKCE that it asked (W79)', async () => {
    const code = await newCode(s256);
    const pkce = {
      grant_type: 'authorization_code',
      client_id: 'service-path',
      code,
      code_verifier: verifier,
    };
    expect(outcome(await post(pkce))).toEqual([401, { error: 'invalid_client' }]);
    expect(outcome(await post({ ...pkce, client_secret: '' }))).toEqual([401, { error: 'invalid_client' }]);
    expect((await redeem(code, { code_verifier: verifier })).status).toBe(200);
  });

  it('and never without a secret of its own', async () => {
    await hub.sql`UPDATE oauth_clients SET secret_hash = NULL WHERE identifier = 'service-unhashed'`;
    for (const client_secret of ['', 'unhashed-secret', 'null']) {
      const reply = await post({ ...grant, client_id: 'service-unhashed', client_secret, code: 'x' });
      expect(reply.status).toBe(401);
    }
  });

  it('by no page of another origin (W58)', async () => {
    const code = await newCode();
    const reply = await post({ ...grant, code }, { origin: 'https://evil.example' });
    expect(outcome(reply)).toEqual([403, { status: 403, message: "'_xsrf' argument missing from POST" }]);
  });
});

describe('PKCE (W79)', () => {
  it('S256, plain, and plain when no method is named', async () => {
    const ways = [
      s256,
      { code_challenge: verifier, code_challenge_method: 'plain' },
      { code_challenge: verifier },
    ];
    for (const way of ways) {
      expect((await redeem(await newCode(way), { code_verifier: verifier })).status).toBe(200);
    }
  });

  it('keeps the code when no verifier comes', async () => {
    const code = await newCode(s256);
    const missing = [400, { error: 'invalid_request', error_description: 'Code verifier required.' }];
    expect(outcome(await redeem(code))).toEqual(missing);
    expect(outcome(await redeem(code, { redirect_uri: callback }))).toEqual(missing);
    expect((await redeem(code, { code_verifier: verifier })).status).toBe(200);
  });

  it.each([
    ['wrong', 'w'.repeat(43)],
    ['too short', 'w'],
    ['empty', ''],
    ['of other characters', 'ü'.repeat(43)],
  ])('spends the code on a verifier that is %s (our difference)', async (_name, code_verifier) => {
    const code = await newCode(s256);
    expect(outcome(await redeem(code, { code_verifier }))).toEqual([400, { error: 'invalid_grant' }]);
    expect(outcome(await redeem(code, { code_verifier: verifier }))).toEqual([
      400,
      { error: 'invalid_grant' },
    ]);
  });

  it('does not take the challenge itself for its verifier', async () => {
    const code = await newCode(s256);
    const reply = await redeem(code, { code_verifier: s256.code_challenge });
    expect(outcome(reply)).toEqual([400, { error: 'invalid_grant' }]);
  });

  it('ignores a verifier nobody asked for', async () => {
    expect((await redeem(await newCode(), { code_verifier: verifier })).status).toBe(200);
    expect((await redeem(await newCode(), { code_verifier: 'x' })).status).toBe(200);
  });

  it('never lets an empty challenge pass for none', async () => {
    const code = await newCode({ code_challenge: '' });
    expect((await redeem(code)).status).toBe(400);
    expect((await redeem(code, { code_verifier: verifier })).status).toBe(400);
  });
});

describe('rights are those of the moment of redemption (W74)', () => {
  it('who lost the service gets no token', async () => {
    const browser = await hub.signIn('losing');
    await hub.give('losing', 'access:services!service=path');
    const code = await newCode({}, browser);
    await hub.takeAll('losing');
    expect(outcome(await redeem(code))).toEqual([400, { error: 'invalid_scope' }]);
    const rows =
      await hub.sql`SELECT 1 FROM tokens JOIN users ON users.id = user_id WHERE users.name = 'losing'`;
    expect(rows).toHaveLength(0);
  });

  it('who lost a scope gets a token without it', async () => {
    const browser = await hub.signIn('shrinking');
    await hub.give('shrinking', 'access:services!service=path', 'shutdown');
    const code = await newCode({}, browser);
    const still = await newCode({}, browser);
    expect(JSON.parse((await redeem(still)).text).scope).toContain(' shutdown');

    await hub.takeAll('shrinking');
    await hub.give('shrinking', 'access:services!service=path');
    const reply = await redeem(code);
    expect(JSON.parse(reply.text).scope).toBe(
      'access:services!service=path read:users:groups!user read:users:name!user',
    );
  });

  it('a code whose user is gone is gone', async () => {
    const browser = await hub.signIn('gone');
    await hub.give('gone', 'access:services!service=path');
    const code = await newCode({}, browser);
    await hub.sql`DELETE FROM users WHERE name = 'gone'`;
    expect(outcome(await redeem(code))).toEqual([400, { error: 'invalid_grant' }]);
  });
});

it('keeps the code when the database fails half-way', async () => {
  const code = await newCode();
  await hub.sql`ALTER TABLE tokens ADD CONSTRAINT refuse CHECK (client_id <> 'service-path') NOT VALID`;
  try {
    const reply = await redeem(code);
    expect(reply.status).toBeGreaterThanOrEqual(500);
    expect(reply.text).not.toContain(code);
  } finally {
    await hub.sql`ALTER TABLE tokens DROP CONSTRAINT refuse`;
  }
  expect((await redeem(code)).status).toBe(200);
});
