import { afterEach, describe, expect, it } from 'vitest';
import { type Accounts, type AccountsOptions, openAccounts } from '../../test/support/accounts.ts';
import { type TestDatabase, testDatabase } from '../../test/support/database.ts';
import { HubError, isHubError, type RequestView } from '../plugin/index.ts';
import type { AuthenticatorInstance } from './access-rules.ts';
import { throttleWaits, waitAfter } from './throttle-waits.ts';

/** Long, or a slow machine would wait them out. */
const unit = 600;
const throttle = {
  accountTries: 3,
  addressTries: 10,
  firstWait: unit,
  longestWait: 60 * unit,
  forgetAfter: 1000 * unit,
};
const right = 'right password';

let databases: TestDatabase[] = [];
afterEach(async () => {
  await Promise.all(databases.map((database) => database.drop()));
  databases = [];
});

/** A hub whose authenticators know one password, and the passwords that were really tried. */
async function open(options: AccountsOptions & { readonly ids?: readonly string[] } = {}) {
  const tried: string[] = [];
  const authenticators = (options.ids ?? ['pam']).map(
    (id): AuthenticatorInstance => ({
      id,
      authenticator: {
        login: { form: { fields: ['username', 'password'] } },
        authenticate: async (_request, { username = '', password = '' }) => {
          tried.push(`${id} ${username} ${password}`);
          if (password === 'broken') throw new Error('the directory is down');
          if (password === 'no') throw new HubError('HUB_FORBIDDEN', 'Your account is for tomorrow.');
          if (password === 'busy') throw new HubError('HUB_TOO_MANY', 'The directory is busy.');
          return password === right || password === `${right} of ${id}` ? { name: username } : null;
        },
      },
    }),
  );
  const hub = await openAccounts({ authenticators, access: { allowAll: true }, throttle, ...options });
  /** How a try ends: `in`, `no`, `error`, or how many units it has to wait. */
  const enter = async (username: string, password: string, ip = '192.0.2.1', id = 'pam') => {
    try {
      const visit = { request: requestFrom(ip), sessionId: null };
      const result = await hub.signIn.withForm(id, visit, { username, password });
      return result.ok ? 'in' : 'no';
    } catch (error) {
      return isHubError(error) && error.message.startsWith('Too many tries')
        ? Math.ceil(Number(error.headers['Retry-After']) / unit)
        : 'error';
    }
  };
  const fail = async (times: number, username: string, ip?: string) => {
    for (let count = 0; count < times; count++)
      expect(await enter(username, `wrong ${count}`, ip)).toBe('no');
  };
  return Object.assign(hub, { tried, enter, fail });
}

/** Two hubs on one database. */
async function openTwo(): Promise<
  readonly [Awaited<ReturnType<typeof open>>, Awaited<ReturnType<typeof open>>]
> {
  const database = await testDatabase();
  databases.push(database);
  return [await open({ database }), await open({ database })];
}

function requestFrom(ip: string): RequestView {
  const path = '/hub/login';
  return { method: 'POST', url: path, path, query: {}, headers: {}, ip, origin: 'http://hub', user: null };
}

const elsewhere = (n: number) => `198.51.100.${n}`;
const counts = async ({ sql }: Accounts) =>
  sql`SELECT kind, failures::int, blocked_until FROM sign_in_failures ORDER BY kind, failures`;

describe('W26: failures with one name', () => {
  it('begin waits that double up to the longest, in the database as in the arithmetic', async () => {
    await using hub = await open({ throttle: { ...throttle, addressTries: 0 } });
    const waits = throttleWaits(throttle);
    for (let failures = 1; failures <= 12; failures++) {
      expect(await hub.enter('ada', `wrong ${failures}`, elsewhere(failures))).toBe('no');
      const wait = waitAfter(failures, throttle.accountTries, waits);
      if (wait === 0) continue;
      expect(await hub.enter('ada', 'early', elsewhere(failures))).toBe(wait / unit);
      await hub.passTime(wait - unit / 2);
      expect(await hub.enter('ada', 'early', elsewhere(failures))).toBe(1);
      await hub.passTime(unit / 2);
    }
    expect(hub.tried.filter((one) => one.endsWith('early'))).toEqual([]);
  });

  it('do not let the right password be tried before the wait is over, nor tell it by the answer', async () => {
    await using hub = await open();
    await hub.fail(3, 'ada');
    expect(await hub.enter('ada', right)).toBe(1);
    expect(hub.tried).not.toContain(`pam ada ${right}`);
    await hub.passTime(unit);
    expect(await hub.enter('ada', right)).toBe('in');
  });

  it('count for a name however it is written, and not for another authenticator', async () => {
    await using hub = await open({ ids: ['pam', 'ldap'] });
    expect(await hub.enter('Ada', 'x')).toBe('no');
    expect(await hub.enter('ADA', 'x')).toBe('no');
    expect(await hub.enter('ada', 'x')).toBe('no');
    expect(await hub.enter('aDa', 'x')).toBe(1);
    expect(await hub.enter(' ａｄａ', 'x')).toBe(1); // a directory may take it for the same
    expect(await hub.enter('ada', `${right} of ldap`, '192.0.2.1', 'ldap')).toBe('in');
  });

  it('count for names nobody has as for others', async () => {
    await using hub = await open();
    await hub.user('ada');
    for (const name of ['ada', 'nobody']) {
      await hub.fail(3, name);
      expect(await hub.enter(name, 'x')).toBe(1);
    }
  });

  it('are forgotten with the sign-in, and after a time', async () => {
    await using hub = await open({ throttle: { ...throttle, forgetAfter: 100 } });
    await hub.fail(2, 'ada');
    expect(await hub.enter('ada', right)).toBe('in');
    await hub.fail(2, 'ada', elsewhere(1));
    await hub.passTime(101);
    await hub.fail(2, 'ada', elsewhere(1));
  });

  it('are counted by all hubs together', async () => {
    const [one, other] = await openTwo();
    await using _one = one;
    await using _other = other;
    await one.fail(2, 'ada');
    await other.fail(1, 'ada');
    expect(await one.enter('ada', 'x')).toBe(1);
    expect(await other.enter('ada', 'x')).toBe(1);
    await one.passTime(unit);
    expect(await other.enter('ada', right)).toBe('in');
  });
});

describe('many tries at once', () => {
  it('with one name are no more than one after another', async () => {
    const [one, other] = await openTwo();
    await using _one = one;
    await using _other = other;
    const tries = Array.from({ length: 50 }, (_, n) => (n % 2 ? one : other).enter('ada', `guess ${n}`));
    const results = await Promise.all(tries);
    expect(results.filter((result) => result === 'no')).toHaveLength(3);
    expect(results.filter((result) => result === 1)).toHaveLength(47);
    expect(one.tried.length + other.tried.length).toBe(3);
  });

  it('with many names from one address neither', async () => {
    await using hub = await open();
    const results = await Promise.all(Array.from({ length: 50 }, (_, n) => hub.enter(`user${n}`, 'guess')));
    expect(results.filter((result) => result === 'no')).toHaveLength(10);
    expect(hub.tried).toHaveLength(10);
    const accounts = (await counts(hub)).filter(({ kind }) => kind === 'account');
    expect(accounts).toHaveLength(10); // those not tried left no trace
  });

  it('of people who know their passwords all succeed: a lecture hall at nine o’clock', async () => {
    await using hub = await open();
    const results = await Promise.all(Array.from({ length: 60 }, (_, n) => hub.enter(`user${n}`, right)));
    expect(results).toEqual(Array(60).fill('in'));
  });

  it('of one person in many tabs all succeed', async () => {
    await using hub = await open();
    const results = await Promise.all(Array.from({ length: 12 }, () => hub.enter('ada', right)));
    expect(results).toEqual(Array(12).fill('in'));
  });

  it('that a hub left behind when it died count no more after a time', async () => {
    await using hub = await open({ pluginTimeout: 200 });
    const keys = [{ kind: 'account', key: 'of a dead hub' }] as const;
    const rules = { ...throttle, waits: throttleWaits(throttle), placeSeconds: 1, trySeconds: 800 };
    for (let n = 0; n < 3; n++) expect(await hub.failures.reserve(keys, rules)).toHaveLength(1);
    expect(await hub.failures.reserve(keys, rules)).toBeNull();
    await hub.passTime(800);
    expect(await hub.failures.reserve(keys, rules)).toHaveLength(1);
  });
});

describe('W26: failures from one address', () => {
  it('make it wait, whatever the name, and no other address', async () => {
    await using hub = await open();
    for (let n = 0; n < 10; n++) await hub.fail(1, `user${n}`);
    expect(await hub.enter('ada', right)).toBe(1);
    expect(await hub.enter('ada', right, elsewhere(1))).toBe('in');
  });

  it('are those of a whole /64', async () => {
    await using hub = await open();
    for (let n = 0; n < 10; n++) await hub.fail(1, `user${n}`, `2001:db8:1:2::${n}`);
    expect(await hub.enter('ada', right, '2001:db8:1:2:ffff::1')).toBe(1);
    expect(await hub.enter('ada', right, '2001:db8:1:3::1')).toBe('in');
  });

  it('are not reset by signing in to an account of one’s own', async () => {
    await using hub = await open();
    expect(await hub.enter('mallory', right)).toBe('in');
    for (let n = 0; n < 10; n++) {
      await hub.fail(1, `user${n}`);
      if (n < 9) expect(await hub.enter('mallory', right)).toBe('in');
    }
    expect(await hub.enter('ada', 'guess')).toBe(1);
    // Known here, mallory need not wait, and changes nothing by it.
    expect(await hub.enter('mallory', right)).toBe('in');
    expect(await hub.enter('ada', 'guess')).toBe(1);
  });

  it('are forgiven as people sign in there for the first time: a lecture hall behind one address', async () => {
    await using hub = await open();
    for (let n = 0; n < 30; n++) {
      expect(await hub.enter(`user${n}`, 'typo')).toBe('no');
      expect(await hub.enter(`user${n}`, right)).toBe('in');
    }
  });

  it('do not count in networks the settings call shared; those with one name do', async () => {
    await using hub = await open({ throttle: { ...throttle, sharedNetworks: ['192.0.2.0/24'] } });
    for (let n = 0; n < 30; n++) await hub.fail(1, `user${n}`);
    await hub.fail(3, 'ada');
    expect(await hub.enter('ada', right)).toBe(1);
  });
});

describe('the place an account is known from', () => {
  it('is not closed by strangers who guess its password', async () => {
    await using hub = await open();
    expect(await hub.enter('ada', right)).toBe('in');
    await hub.fail(3, 'ada', elsewhere(1));
    expect(await hub.enter('ada', right, elsewhere(2))).toBe(1);
    expect(await hub.enter('ada', right)).toBe('in');
    // What happens there says nothing about elsewhere, or a script could clear the strangers' count for ever.
    expect(await hub.enter('ada', 'guess', elsewhere(3))).toBe(1);
  });

  it('is judged by itself, and has its own waits', async () => {
    await using hub = await open();
    expect(await hub.enter('ada', right)).toBe('in');
    await hub.fail(3, 'ada');
    expect(await hub.enter('ada', right)).toBe(1);
    expect(await hub.enter('ada', right, elsewhere(1))).toBe('in');
  });

  it('is known for a time only, and not by a failure', async () => {
    await using hub = await open({ throttle: { ...throttle, placeDays: 1 } });
    expect(await hub.enter('ada', right)).toBe('in');
    await hub.passTime(24 * 3600 + 1);
    await hub.fail(3, 'ada', elsewhere(1));
    expect(await hub.enter('ada', right)).toBe(1);
  });
});

describe('what is no failure of the visitor', () => {
  it.each(['broken', 'busy'])('leaves no count: a directory that is %s', async (password) => {
    await using hub = await open();
    for (let n = 0; n < 5; n++) expect(await hub.enter('ada', password)).toBe('error');
    expect((await counts(hub)).map(({ failures, blocked_until }) => [failures, blocked_until])).toEqual([
      [0, null],
      [0, null],
    ]);
    expect(await hub.enter('ada', right)).toBe('in');
  });

  it('ends the wait that it began', async () => {
    await using hub = await open();
    await hub.fail(2, 'ada');
    expect(await hub.enter('ada', 'broken')).toBe('error');
    expect(await hub.enter('ada', right)).toBe('in');
  });

  it('but a refusal in the words of the authenticator is one (P104)', async () => {
    await using hub = await open();
    for (let n = 0; n < 3; n++) expect(await hub.enter('ada', 'no')).toBe('error');
    expect(await hub.enter('ada', 'no')).toBe(1);
    const rows = await hub.sql`SELECT details->>'reason' AS reason FROM audit WHERE action = 'login.refuse'`;
    expect(rows.map(({ reason }) => reason)).toEqual(Array(3).fill('refused in words of its own'));
  });
});

describe('R93: a password for a token', () => {
  const verify = (hub: Awaited<ReturnType<typeof open>>, password: string) =>
    hub.signIn.verify(
      ['pam', 'ldap'],
      { request: requestFrom('192.0.2.1'), sessionId: null },
      { username: 'ada', password },
    );

  it('counts once for each authenticator that sees it, and not at all when one of them knows it', async () => {
    await using hub = await open({ ids: ['pam', 'ldap'] });
    expect(await hub.enter('ada', `${right} of ldap`, elsewhere(1), 'ldap')).toBe('in');
    for (let n = 0; n < 8; n++) expect(await verify(hub, `${right} of ldap`)).toMatchObject({ name: 'ada' });
    for (let n = 0; n < 3; n++) expect(await verify(hub, 'guess')).toBeNull();
    await expect(verify(hub, right)).rejects.toMatchObject({
      status: 429,
      headers: { 'Retry-After': expect.stringMatching(/^(5\d\d|600)$/) },
    });
  });

  it('is one refusal of the trail, with its reason', async () => {
    await using hub = await open({ ids: ['pam', 'ldap'] });
    expect(await verify(hub, right)).toBeNull();
    const rows = await hub.sql`SELECT target, details FROM audit WHERE action = 'login.refuse'`;
    expect(rows).toEqual([{ target: 'user:ada', details: { authenticator: 'ldap', reason: 'no user yet' } }]);
  });
});

it('rows that count no more are deleted, known places later', async () => {
  await using hub = await open({ throttle: { ...throttle, forgetAfter: 100, placeDays: 2 } });
  expect(await hub.enter('ada', right)).toBe('in');
  await hub.fail(2, 'bob');
  expect(await hub.throttle.purge()).toBe(0);
  await hub.passTime(101);
  expect(await hub.throttle.purge()).toBe(2);
  expect((await counts(hub)).map(({ kind }) => kind)).toEqual(['place']);
  await hub.passTime(2 * 24 * 3600 + 3600);
  expect(await hub.throttle.purge()).toBe(1);
});
