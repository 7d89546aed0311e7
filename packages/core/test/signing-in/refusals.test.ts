import { describe, expect, it } from 'vitest';
import { createTestHub, fakeClock, type TestAnswer, until } from '../../../testing/src/index.ts';
import type { SignInResult } from '../../src/accounts/index.ts';
import type { Authenticator, Clock, RequestView } from '../../src/plugin/index.ts';
import { openAccounts } from '../support/accounts.ts';
import { Browser, type Reply } from '../support/browser.ts';

const path = '/hub/login';
const request: RequestView = {
  method: 'POST',
  url: path,
  path,
  query: {},
  headers: {},
  ip: '192.0.2.7',
  origin: 'http://hub',
  user: null,
};

/** A clock that stands still, and how long the naps are that were taken on it. */
function watchedClock() {
  const clock = fakeClock();
  const naps: number[] = [];
  const sleep: Clock['sleep'] = (ms, signal) => {
    naps.push(ms);
    return clock.sleep(ms, signal);
  };
  return { ...clock, sleep, naps };
}

/** Everybody's password is `right`; wrong ones take the system so long. */
async function open(refusalSeconds: number, wrongMs = 0) {
  const clock = watchedClock();
  const authenticator: Authenticator = {
    login: { form: { fields: ['username', 'password'] } },
    async authenticate(_request, { username = '', password }) {
      if (password === 'right')
        return { name: username, subject: username === 'other' ? 'stranger' : username };
      if (wrongMs > 0) await clock.sleep(wrongMs);
      return null;
    },
  };
  const hub = await openAccounts({
    authenticators: [{ id: 'pam', authenticator }],
    access: { allowExisting: true, blocked: ['kim'] },
    clock,
    refusalSeconds,
  });
  await hub.user('other');
  await hub.sql`INSERT INTO users (name, disabled) VALUES ('dan', true)`;
  await hub.sql`INSERT INTO identities (user_id, authenticator, subject)
    SELECT id, 'pam', 'another' FROM users WHERE name = 'other'`;

  /** Begins a sign-in; `result` is null until it is answered. */
  const begin = (username: string, password: string) => {
    const seen: { result: SignInResult | null } = { result: null };
    const answered = hub.signIn
      .withForm('pam', { request, sessionId: null }, { username, password })
      .then((result) => {
        seen.result = result;
        return result;
      });
    return { seen, answered };
  };
  return Object.assign(hub, { clock, begin });
}

const refusals = [
  ['wrong credentials', 'nobody', 'wrong'],
  ['wrong credentials', 'ada', 'wrong'],
  ['invalid name', 'a/b', 'right'],
  ['blocked', 'kim', 'right'],
  ['disabled', 'dan', 'right'],
  ['not allowed', 'eve', 'right'],
  ['name belongs to another identity', 'other', 'right'],
] as const;

describe('a refusal', () => {
  it.each(refusals)(
    'because of "%s" is answered after the same time as any other (%s)',
    async (reason, name, password) => {
      await using hub = await open(5);
      const { seen, answered } = hub.begin(name, password);
      await until(() => hub.clock.naps.includes(5_000));
      await hub.clock.advance(4.999);
      // Recorded meanwhile, and still not answered.
      await until(async () => (await hub.sql`SELECT 1 FROM audit WHERE action = 'login.refuse'`).length > 0);
      expect(seen.result).toBeNull();
      await hub.clock.advance(0.001);
      expect(await answered).toEqual({
        ok: false,
        status: 403,
        message: 'Invalid username or password',
        reason,
      });
    },
  );

  it('of a right password takes as long as wrong ones do, where the system takes its time over these', async () => {
    await using hub = await open(1, 4_000);
    const wrong = hub.begin('ada', 'wrong');
    await until(() => hub.clock.naps.includes(4_000));
    await hub.clock.advance(4);
    await until(() => hub.clock.naps.includes(100)); // its row waits for others
    await hub.clock.advance(0.1);
    await wrong.answered;

    const disabled = hub.begin('dan', 'right');
    await until(() => hub.clock.naps.filter((ms) => ms === 4_000).length === 2);
    await hub.clock.advance(3.999);
    expect(disabled.seen.result).toBeNull();
    await hub.clock.advance(0.001);
    expect(await disabled.answered).toMatchObject({ reason: 'disabled' });
  });

  it('waits no longer when the hub stops', async () => {
    await using hub = await open(5);
    const { answered } = hub.begin('ada', 'wrong');
    await until(() => hub.clock.naps.includes(5_000));
    await hub.refusals.close();
    expect(await answered).toMatchObject({ ok: false });
  });
});

/** What differs between any two answers, and the name, which is shown again. */
function bare({ text, headers, status }: Reply | TestAnswer, name: string): unknown {
  const { date: _, 'content-security-policy': policy, ...rest } = headers;
  const plain = (some: string) =>
    some
      .replace(/'nonce-[^']+'/g, "'nonce'")
      .replace(/nonce="[^"]+"/g, 'nonce')
      .replace(/(_xsrf[^>]*value|xsrf_token)(="|: ")[^"]*/g, '$1')
      .replaceAll(`"${name}"`, '"name"');
  return { status, headers: { ...rest, policy: plain(String(policy)) }, text: plain(text) };
}

describe('two refusals', () => {
  const cases = [
    ['zoe', 'wrong'],
    ['ada', 'wrong'],
    ['kim', 'kim'],
    ['dan', 'dan'],
    ['eve', 'eve'],
  ] as const;
  const hubOf = async (refusalSeconds: number) => {
    const access = {
      allowAll: false,
      allowed: ['ada', 'dan', 'kim'],
      allowExisting: false,
      blocked: ['kim'],
    };
    const hub = await createTestHub({ access, signIn: { refusalSeconds } });
    const dan = await hub.hub.users.get('dan');
    if (!dan) throw new Error('dan is not there');
    await hub.hub.users.setDisabled({ kind: 'hub', name: 'test' }, dan, true);
    return hub;
  };

  it('are the same to the byte, headers and cookies included, whatever the reason (P105)', async () => {
    await using hub = await hubOf(0.3);
    const seen: unknown[] = [];
    for (const [username, password] of cases) {
      const browser = new Browser(hub.url);
      await browser.get(path);
      const began = performance.now();
      const form = { _xsrf: browser.cookie('_xsrf') ?? '', username, password };
      const reply = await browser.post(`${path}?next=%2Fhub%2Fhome`, form);
      expect(performance.now() - began).toBeGreaterThanOrEqual(299);
      expect(reply.text).toContain('Invalid username or password');
      expect(reply.headers['set-cookie']).toBeUndefined();
      seen.push(bare(reply, username));
    }
    expect(seen).toEqual(cases.map(() => seen[0]));
    const reasons = hub.log
      .filter(({ fields }) => fields.action === 'login.refuse')
      .map(({ fields }) => fields.details);
    expect(reasons.map((details) => Object(details).reason)).toEqual([
      'wrong credentials',
      'wrong credentials',
      'blocked',
      'disabled',
      'not allowed',
    ]);
  });

  it('of a password for a token, too (R93)', async () => {
    await using hub = await hubOf(0.3);
    const seen: unknown[] = [];
    for (const [username, password] of cases) {
      const began = performance.now();
      const answer = await hub.request('POST', '/hub/api/users/ada/tokens', {
        body: { auth: { username, password } },
      });
      expect(performance.now() - began).toBeGreaterThanOrEqual(299);
      expect(answer.status).toBe(403);
      seen.push(bare(answer, username));
    }
    expect(seen).toEqual(cases.map(() => seen[0]));
  });
});

describe('W26: too many tries', () => {
  const throttle = { accountTries: 2, firstWait: 600, longestWait: 600 };

  it('show the form again with the name, say how long to wait, and in Retry-After', async () => {
    await using hub = await createTestHub({ signIn: { throttle } });
    const browser = new Browser(hub.url);
    await browser.get(path);
    const enter = (password: string) =>
      browser.post(path, { _xsrf: browser.cookie('_xsrf') ?? '', username: 'ada', password });
    expect((await enter('wrong')).status).toBe(403);
    expect((await enter('wrong')).status).toBe(403);
    const { status, headers, text } = await enter('ada');
    const seconds = Number(headers['retry-after']);
    expect(status).toBe(429);
    expect(seconds).toBeGreaterThan(500);
    expect(text).toContain(`Too many tries. Wait ${seconds} seconds.`);
    expect(text).toContain('value="ada"');
    expect(headers['set-cookie']).toBeUndefined();
  });

  it('are answered as JSON to who asks for a token by password (R93), and hold nobody with a token', async () => {
    await using hub = await createTestHub({ signIn: { throttle } });
    const token = await hub.tokenOf('ada');
    const ask = (password: string) =>
      hub.request('POST', '/hub/api/users/ada/tokens', { body: { auth: { username: 'ada', password } } });
    expect((await ask('ada')).status).toBe(201);
    // Known here now: judged by what happens here alone, which is enough.
    for (let n = 0; n < 2; n++) expect((await ask('wrong')).status).toBe(403);
    const { status, headers, json } = await ask('ada');
    expect(status).toBe(429);
    expect(json).toEqual({ status: 429, message: `Too many tries. Wait ${headers['retry-after']} seconds.` });
    for (let n = 0; n < 20; n++) {
      expect((await hub.request('GET', '/hub/api/user', { token: 'wrong' })).status).toBe(403);
    }
    expect((await hub.request('GET', '/hub/api/user', { token })).status).toBe(200);
  });

  it('may be left uncounted for networks, which must be some', async () => {
    const hub = createTestHub({ signIn: { throttle: { sharedNetworks: ['10.0.0.0/8', 'campus'] } } });
    await expect(hub).rejects.toMatchObject({
      code: 'HUB_CONFIG_INVALID',
      problems: [
        'signIn.throttle.sharedNetworks: "campus" is neither an address nor a network such as 192.0.2.0/24.',
      ],
    });
  });

  it('are counted, and stand in the trail once a minute with the number of tries', async () => {
    const hub = await createTestHub({ openMetrics: true, signIn: { throttle } });
    const ask = (password: string) =>
      hub.request('POST', '/hub/api/users/ada/tokens', { body: { auth: { username: 'ada', password } } });
    try {
      for (let n = 0; n < 2; n++) await ask('wrong');
      await Promise.all(Array.from({ length: 10 }, () => ask('wrong')));
      const { text } = await hub.request('GET', '/hub/metrics');
      expect(text).toContain('jupyterhub_login_throttled_total{by="account"} 10');
      expect(text).toContain('jupyterhub_login_throttled_total{by="address"} 0');
      expect(text).toContain('jupyterhub_login_duration_seconds_count{status="LoginStatus.failure"} 2');
      expect(text).toContain('jupyterhub_login_duration_seconds_count{status="LoginStatus.success"} 0');
      expect(throttledTries(hub.log)).toEqual([1]);
    } finally {
      await hub[Symbol.asyncDispose]();
    }
    expect(throttledTries(hub.log)).toEqual([1, 9]); // a leaving hub writes down what it only counted
  });
});

function throttledTries(log: readonly { readonly fields: Readonly<Record<string, unknown>> }[]): unknown[] {
  const lines = log.filter(({ fields }) => fields.action === 'login.throttle');
  return lines.map(({ fields }) => Object(fields.details).tries);
}
