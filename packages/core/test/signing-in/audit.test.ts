import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHub, type TestHub } from '../../../testing/src/index.ts';
import { openClient } from '../../src/storage/database.ts';
import { purgeAudit } from '../../src/storage/postgres-audit.ts';
import { type Accounts, openAccounts, tester } from '../support/accounts.ts';
import { Browser } from '../support/browser.ts';

const serviceSecret = 'MARKED-service-secret';
const typedByMistake = 'MARKED-password-typed-as-name';

let hub: TestHub;
let sql: ReturnType<typeof openClient>;
let admin: string;
const service = createServer((_request, answer) => void answer.end());
/** Everything that must never be written down. */
const secrets: string[] = [serviceSecret, typedByMistake, 'MARKED'];

beforeAll(async () => {
  await new Promise<void>((done) => service.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  hub = await createTestHub({
    cryptKeys: [randomBytes(32).toString('hex')],
    signIn: { authState: true, throttle: { accountTries: 3, firstWait: 600, longestWait: 600 } },
    roles: [{ name: 'visitor', scopes: ['access:services!service=web'], users: ['ada'] }],
    services: [{ name: 'web', url, apiToken: serviceSecret, oauth: { noConfirm: true } }],
  });
  sql = openClient(hub.database.connection, 'hub tests', { max: 1 });
  admin = await hub.tokenOf('root', { admin: true });
  secrets.push(admin);
});
afterAll(async () => {
  service.close();
  await sql.end();
  await hub[Symbol.asyncDispose]();
});

interface Trace {
  readonly action: string;
  readonly actor: string;
  readonly actorKind: string;
  readonly ip: string;
  readonly target: string;
  readonly details: unknown;
}

/** What an act left in the trail; the log must say the same, line by line. */
async function traceOf(act: () => Promise<unknown>): Promise<readonly Trace[]> {
  const [last] = await sql`SELECT coalesce(max(id), 0)::int AS id FROM audit`;
  const lines = hub.log.length;
  await act();
  const rows = await sql<Trace[]>`
    SELECT action, actor, actor_kind AS "actorKind", ip, target, details FROM audit
    WHERE id > ${last?.id ?? 0} ORDER BY id`;
  const logged = hub.log.slice(lines).filter(({ message }) => message === 'audit');
  expect(
    logged.map(({ fields: { action, actor, actorKind, ip = '', target, details } }) => ({
      ...{ action, actor, actorKind, ip, target, details },
    })),
  ).toEqual([...rows]);
  expect(logged.every(({ level }) => level === 'info')).toBe(true);
  return rows;
}

async function enter(username: string, password: string): Promise<Browser> {
  const browser = new Browser(hub.url);
  await browser.get('/hub/login');
  await browser.post('/hub/login', { username, password, _xsrf: browser.cookie('_xsrf') ?? '' });
  secrets.push(...cookiesOf(browser));
  return browser;
}
const cookiesOf = (browser: Browser) =>
  ['_xsrf', 'jupyterhub-session-id', 'jupyterhub-hub-login'].flatMap((name) => browser.cookie(name) ?? []);
const api = (method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown) =>
  hub.request(method, `/hub/api${path}`, { token: admin, body });

const here = '127.0.0.1';
const ada = { actor: 'ada', actorKind: 'user', ip: here, target: 'user:ada' };
const byRoot = { actor: 'root', actorKind: 'user', ip: here };
const stranger = { actor: '', actorKind: 'anonymous', ip: here };

describe('each act is one row of the trail and one line of the log, with who did it and from where', () => {
  let browser: Browser;
  let tokenId = '';

  it('a sign-in; the first one is also the making of the user', async () => {
    const grace = { ...ada, actor: 'grace', target: 'user:grace' };
    expect(await traceOf(() => enter('grace', 'grace'))).toMatchObject([
      { ...grace, action: 'user.create' },
      { ...grace, action: 'login.start', details: { authenticator: 'authenticator' } },
    ]);
    const again = await traceOf(async () => {
      browser = await enter('ada', 'ada');
    });
    expect(again).toMatchObject([{ ...ada, action: 'login.start' }]);
  });

  it('a refusal, with its reason', async () => {
    const reason = 'wrong credentials';
    const details = { authenticator: 'authenticator', reason };
    expect(await traceOf(() => enter('ada', 'MARKED-wrong-password'))).toEqual([
      { ...stranger, action: 'login.refuse', target: 'user:ada', details },
    ]);
  });

  it('of a name nobody has only a digest, the same each time: it may be a password', async () => {
    const first = await traceOf(() => enter(typedByMistake, 'ada'));
    const second = await traceOf(() => enter(typedByMistake, 'ada'));
    expect(first).toMatchObject([
      { ...stranger, action: 'login.refuse', target: expect.stringMatching(/^name:[0-9a-f]{12}$/) },
    ]);
    expect(second[0]?.target).toBe(first[0]?.target);
  });

  it('a try in a time of waiting', async () => {
    for (let n = 0; n < 3; n++) await enter('eve', 'MARKED-guess');
    const details = {
      authenticator: 'authenticator',
      by: 'account',
      tries: 1,
      wait: expect.any(Number),
    };
    expect(await traceOf(() => enter('eve', 'eve'))).toEqual([
      { ...stranger, action: 'login.throttle', target: expect.stringMatching(/^name:/), details },
    ]);
    expect(await traceOf(() => enter('eve', 'eve'))).toEqual([]); // counted, and written down later
  });

  it('a token made and revoked', async () => {
    const made = await traceOf(async () => {
      const { json } = await api('POST', '/users/ada/tokens', { note: 'for a test' });
      secrets.push(String(json.token));
      tokenId = String(json.id);
    });
    const details = { token: tokenId };
    expect(made).toMatchObject([{ ...byRoot, action: 'token.create', target: 'user:ada', details }]);
    expect(await traceOf(() => api('DELETE', `/users/ada/tokens/${tokenId}`))).toMatchObject([
      { ...byRoot, action: 'token.revoke', target: 'user:ada', details },
    ]);
  });

  it('a token made by password (R93)', async () => {
    const auth = { username: 'ada', password: 'ada' };
    const made = await traceOf(async () => {
      const { json } = await hub.request('POST', '/hub/api/users/ada/tokens', { body: { auth } });
      secrets.push(String(json.token));
    });
    expect(made).toMatchObject([{ ...ada, action: 'token.create' }]);
  });

  it('a token that an OAuth code earned', async () => {
    const made = await traceOf(async () => {
      const led = await browser.get(
        '/hub/api/oauth2/authorize?client_id=service-web&response_type=code&state=s',
      );
      const code = new URL(led.headers.location ?? '', hub.url).searchParams.get('code') ?? '';
      const form = {
        client_id: 'service-web',
        client_secret: serviceSecret,
        grant_type: 'authorization_code',
        code,
        redirect_uri: '/services/web/oauth_callback',
      };
      const { status, text } = await new Browser(hub.url).post('/hub/api/oauth2/token', form);
      expect(status).toBe(200);
      secrets.push(code, String(JSON.parse(text).access_token));
    });
    expect(made).toMatchObject([{ ...ada, action: 'token.create', details: { client: 'service-web' } }]);
  });

  it.each<[string, () => Promise<unknown>, object]>([
    [
      'the admin flag',
      () => api('PATCH', '/users/ada', { admin: true }),
      { action: 'user.admin', target: 'user:ada' },
    ],
    [
      'the flag again',
      () => api('PATCH', '/users/ada', { admin: false }),
      { action: 'user.admin', target: 'user:ada' },
    ],
    [
      'auth_state',
      () => api('PATCH', '/users/ada', { auth_state: { refresh_token: 'MARKED-auth-state' } }),
      { action: 'user.auth-state', target: 'user:ada' },
    ],
    ['a group', () => api('POST', '/groups/lab'), { action: 'group.create', target: 'group:lab' }],
    [
      'members',
      () => api('POST', '/groups/lab/users', { users: ['ada'] }),
      { action: 'group.add-users', target: 'group:lab' },
    ],
    [
      'members gone',
      () => api('DELETE', '/groups/lab/users', { users: ['ada'] }),
      { action: 'group.remove-users', target: 'group:lab' },
    ],
    ['no group', () => api('DELETE', '/groups/lab'), { action: 'group.delete', target: 'group:lab' }],
  ])('a change: %s', async (_, act, expected) => {
    expect(await traceOf(act)).toMatchObject([{ ...byRoot, ...expected }]);
  });

  it('disabling, which is also the end of the logins', async () => {
    expect(await traceOf(() => api('PATCH', '/users/ada', { disabled: true }))).toMatchObject([
      { ...byRoot, action: 'user.disable', target: 'user:ada' },
      { ...byRoot, action: 'login.end-all', target: 'user:ada' },
    ]);
    expect(await traceOf(() => api('PATCH', '/users/ada', { disabled: false }))).toMatchObject([
      { ...byRoot, action: 'user.enable', target: 'user:ada' },
    ]);
  });

  it('a log-out, and one from everywhere', async () => {
    const mine = await enter('ada', 'ada');
    expect(await traceOf(() => mine.get('/hub/logout'))).toMatchObject([{ ...ada, action: 'login.end' }]);
    await enter('ada', 'ada');
    expect(await traceOf(() => api('DELETE', '/users/ada/logins'))).toMatchObject([
      { ...byRoot, action: 'login.end-all', target: 'user:ada' },
    ]);
  });

  it('and none of all this leaves a secret in the log or in the database’s trail', async () => {
    const rows = await sql`SELECT * FROM audit`;
    const written = JSON.stringify([rows, hub.log.map((line) => [line.message, line.fields])]);
    expect(rows.length).toBeGreaterThan(20);
    expect(secrets.length).toBeGreaterThan(20);
    expect(secrets.filter((secret) => written.includes(secret))).toEqual([]);
    const throttled = JSON.stringify(await sql`SELECT * FROM sign_in_failures`);
    expect(throttled).not.toMatch(/ada|eve|MARKED|127\.0/);
  });
});

describe('the trail is kept', () => {
  const days = (count: number) => count * 24 * 3600;
  const add = (accounts: Accounts, count: number) =>
    accounts.work.note(
      Array.from({ length: count }, (_, n) => ({ actor: tester, action: 'test.note', target: `n:${n}` })),
    );
  const left = async ({ sql: query }: Accounts) =>
    (await query`SELECT count(*)::int AS count FROM audit WHERE action = 'test.note'`)[0]?.count;

  it('as long as the settings say, and deleted in statements of bounded size', async () => {
    await using accounts = await openAccounts();
    await add(accounts, 12_000);
    await accounts.passTime(days(10));
    await add(accounts, 3);
    expect(await purgeAudit(accounts.db, 11)).toBe(0);
    expect(await purgeAudit(accounts.db, 9)).toBeGreaterThanOrEqual(12_000);
    expect(await left(accounts)).toBe(3);
  });

  it('for ever where they say 0', async () => {
    await using accounts = await openAccounts();
    await add(accounts, 3);
    await accounts.passTime(days(10_000));
    expect(await purgeAudit(accounts.db, 0)).toBe(0);
    expect(await left(accounts)).toBe(3);
  });
});
