import { createHash } from 'node:crypto';
import * as differ from './deliberate.ts';
import { type Ask, type Both, type Login, type Pair, pairOfHubs, type Side } from './support/pair.ts';
import { serviceToken } from './support/people.ts';

const authorize = '/hub/api/oauth2/authorize';
const token = '/hub/api/oauth2/token';
const web = { client_id: 'service-web', response_type: 'code', state: 's1' };
const secret = serviceToken('web');
const verifier = 'v'.repeat(43);
const challenge = createHash('sha256').update(verifier).digest('base64url');

pairOfHubs('OAuth', (test) => {
  test('authorising: what is shown, and what is told to the client (W69–W72)', async (pair) => {
    const alice = await pair.signIn('alice');
    const queries: readonly string[] = [
      '',
      query({ ...web }),
      query({ ...web, client_id: 'nope' }),
      query({ ...web, client_id: 'jupyterhub' }),
      query({ response_type: 'code' }),
      query({ ...web, redirect_uri: '/services/web/oauth_callback' }),
      query({ ...web, redirect_uri: '/services/web/oauth_callback/' }),
      query({ ...web, redirect_uri: 'https://evil.example/' }),
      `${query(web)}&client_id=service-web`,
      `${query(web)}&state=s2`,
      `${query(web)}&`,
      query({ ...web, response_type: 'token' }),
      query({ ...web, response_type: '' }),
      query({ client_id: 'service-web', state: 's1' }),
      query({ client_id: 'service-web', response_type: 'code' }),
      query({ ...web, scope: 'identify' }),
      query({ ...web, scope: 'bogus' }),
      query({ ...web, scope: 'read:users' }),
      query({ ...web, scope: 'access:services!service=web' }),
      query({ ...web, code_challenge: challenge, code_challenge_method: 'S256' }),
      query({ ...web, code_challenge: 'x', code_challenge_method: 'plain' }),
      query({ ...web, code_challenge: 'x' }),
      query({ ...web, code_challenge: 'x', code_challenge_method: 'S512' }),
      query({ ...web, code_challenge_method: 'S256' }),
      query({ client_id: 'service-ext', response_type: 'code' }),
    ];
    for (const text of queries) await pair.ask(alice, 'GET', `${authorize}?${text}`);
    for (const text of queries.slice(0, 3)) {
      await pair.ask(null, 'GET', `${authorize}?${text}`);
      await pair.ask('alice', 'GET', `${authorize}?${text}`);
    }
  });

  test('whom a service lets in, and whom it asks (W71, W73, W74)', async (pair) => {
    for (const name of ['admin', 'alice', 'carol']) {
      const login = await pair.signIn(name);
      for (const client of ['service-web', 'service-ext']) {
        const path = `${authorize}?${query({ ...web, client_id: client })}`;
        await pair.ask(login, 'GET', path);
        await pair.ask(login, 'POST', path, { only: 'status' });
      }
    }
    const admin = await pair.signIn('admin');
    const path = `${authorize}?${query({ ...web, client_id: 'service-ext' })}`;
    for (const scopes of ['', 'scopes=access:services!service%3Dext', 'scopes=bogus', 'scopes=admin:users'])
      await pair.ask(admin, 'POST', path, {
        body: (side: Side) => `_xsrf=${admin.xsrf[side]}&${scopes}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
  });

  test('codes for tokens: what is wrong (W76, W78)', async (pair) => {
    const whole = {
      client_id: 'service-web',
      client_secret: secret,
      grant_type: 'authorization_code',
      code: 'unknown',
      redirect_uri: '/services/web/oauth_callback',
    };
    for (const change of [
      {},
      { grant_type: '' },
      { grant_type: 'password' },
      { grant_type: 'refresh_token', refresh_token: 'x' },
      { grant_type: 'client_credentials' },
      { client_id: 'nope' },
      { client_id: '' },
      { client_secret: 'wrong' },
      { client_secret: '' },
      { client_id: 'jupyterhub', client_secret: '' },
      { code: '' },
    ])
      await redeem(pair, { ...whole, ...change });
    const { code: _code, ...codeless } = whole;
    await redeem(pair, codeless);
    const { grant_type: _grant, ...grantless } = whole;
    await redeem(pair, grantless);
    await pair.ask(null, 'POST', token, { body: whole });
    await pair.ask(null, 'POST', token);
    await pair.ask(null, 'GET', token);
    await pair.ask(null, 'POST', `${token}?a=b`, {
      body: query(whole),
      headers: urlencoded,
      but: differ.queryAtTokenEndpoint,
    });
  });

  test('a code works once, for its client and its address (W75–W77, R166)', async (pair) => {
    const alice = await pair.signIn('alice');
    const whole = { client_id: 'service-web', client_secret: secret, grant_type: 'authorization_code' };
    const code = await codeOf(pair, alice, {});
    await redeem(pair, whole, {}, code, { redirect_uri: '/elsewhere' });
    const { theirs, ours } = await redeem(pair, whole, {}, code, {
      redirect_uri: '/services/web/oauth_callback',
    });
    await redeem(pair, whole, {}, code);
    const tokens = { theirs: theirs.json as Granted, ours: ours.json as Granted };
    const caller = { token: (side: Side) => tokens[side].access_token };
    await pair.api(caller, 'GET', '/user');
    await pair.api(caller, 'GET', '/users/alice');
    await pair.api('alice', 'GET', '/users/alice/tokens', { only: 'status' });
    const second = await codeOf(pair, alice, {});
    await redeem(
      pair,
      { ...whole, client_id: 'service-ext', client_secret: serviceToken('ext') },
      {},
      second,
    );
    await redeem(pair, whole, { headers: { authorization: `token ${secret}` } }, second);
    await pair.ask(alice, 'GET', '/hub/logout');
    await pair.api(caller, 'GET', '/user');
  });

  test('proof of possession (W79)', async (pair) => {
    const alice = await pair.signIn('alice');
    const whole = { client_id: 'service-web', client_secret: secret, grant_type: 'authorization_code' };
    const s256 = await codeOf(pair, alice, { code_challenge: challenge, code_challenge_method: 'S256' });
    await redeem(pair, whole, {}, s256);
    await redeem(pair, whole, {}, s256, { code_verifier: verifier });
    for (const wrong of ['w'.repeat(43), 'short']) {
      const code = await codeOf(pair, alice, { code_challenge: challenge, code_challenge_method: 'S256' });
      await redeem(pair, whole, {}, code, { code_verifier: wrong });
      await redeem(pair, whole, {}, code, { code_verifier: verifier }, { but: differ.spentCode });
    }
    const plain = await codeOf(pair, alice, { code_challenge: verifier });
    await redeem(pair, whole, {}, plain, { code_verifier: verifier });
    const none = await codeOf(pair, alice, {});
    await redeem(pair, whole, {}, none, { code_verifier: verifier });
  });
});

interface Granted {
  readonly access_token: string;
}

const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' };

function query(parameters: Readonly<Record<string, string>>): string {
  return new URLSearchParams(parameters).toString();
}

/** Posts a form to the token endpoint; `code` differs from hub to hub. */
function redeem(
  pair: Pair,
  fields: Readonly<Record<string, string>>,
  { headers = {} }: { headers?: Readonly<Record<string, string>> } = {},
  code?: Both<string>,
  more: Readonly<Record<string, string>> = {},
  ask: Ask = {},
) {
  return pair.ask(null, 'POST', token, {
    body: (side: Side) => query({ ...fields, ...more, ...(code ? { code: code[side] } : {}) }),
    headers: { ...urlencoded, ...headers },
    ...ask,
  });
}

/** A code of the service `web`, which asks nobody. */
async function codeOf(
  pair: Pair,
  login: Login,
  more: Readonly<Record<string, string>>,
): Promise<Both<string>> {
  const answers = await pair.ask(login, 'GET', `${authorize}?${query({ ...web, ...more })}`);
  const code = (side: Side) =>
    new URL(String(answers[side].headers.location), pair.origin(side)).searchParams.get('code') ?? '';
  return { theirs: code('theirs'), ours: code('ours') };
}
