import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Accounts, openAccounts, tester } from '../../test/support/accounts.ts';
import { IdentityRefresh, pluginCall } from '../accounts/index.ts';
import type { Authenticator } from '../plugin/index.ts';
import { postgresIdentities } from '../storage/accounts/index.ts';
import { type RefreshOfRequests, sessions } from './sessions.ts';

let hub: Accounts;
let asked = 0;
const authenticator: Authenticator = {
  login: { none: true },
  authenticate: async (_request, { username = '' }) => ({ name: username }),
  async refresh() {
    asked++;
    return true;
  },
};
const use = { activity: false };

beforeAll(async () => {
  hub = await openAccounts({ authenticators: [{ id: 'pam', authenticator }], access: { allowAll: true } });
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
});

function asking(): RefreshOfRequests {
  const { work, events, clock, log, authStates } = hub;
  const refresh = new IdentityRefresh({
    authenticators: [{ id: 'pam', authenticator }],
    rules: hub.rules,
    identities: postgresIdentities(hub.db),
    kept: {
      enabled: false,
      authStates,
      reconcile: null,
      call: pluginCall('hooks', { clock, events, work }),
    },
    steps: [],
    store: hub.store,
    users: hub.users,
    work,
    events,
    clock,
    log,
    settings: { refreshAge: 300, refreshGrace: 0 },
    pluginTimeout: 10,
  });
  return { refresh: async () => refresh, strict: false };
}

it('asking by age costs no statement until it is due: one for a token, one for a login', async () => {
  const ada = await hub.user('ada');
  const { token } = await hub.tokens.create(tester, ada, {});
  const origin = {
    authenticator: 'pam',
    subject: 'ada',
    providerSession: null,
    sessionId: 's',
    userAgent: '',
    ip: '',
  };
  const login = await hub.logins.start(tester, ada, origin);
  await hub.sql`INSERT INTO identities (user_id, authenticator, subject, signed_in_at, refreshed_at)
    VALUES (${ada.id}, 'pam', 'ada', now(), now())`;

  const run = vi.spyOn(hub.db, 'run');
  const statements = async (ask: () => Promise<unknown>) => {
    expect(await ask()).not.toBeNull(); // its scopes are kept from now on
    run.mockClear();
    expect(await ask()).not.toBeNull();
    return run.mock.calls.length;
  };
  const plain = sessions(hub.credentials);
  const refreshing = sessions(hub.credentials, asking());
  expect(await statements(() => plain.byToken(token, use))).toBe(1);
  expect(await statements(() => refreshing.byToken(token, use))).toBe(1);
  expect(await statements(() => plain.byLogin(login.secret, use))).toBe(1);
  expect(await statements(() => refreshing.byLogin(login.secret, use))).toBe(1);
  expect(asked).toBe(0);

  await hub.passTime(301);
  expect(await plain.byToken(token, use)).not.toBeNull();
  expect(await refreshing.byToken(token, { ...use, refresh: false })).not.toBeNull();
  expect(asked).toBe(0);
  expect(await refreshing.byToken(token, use)).toMatchObject({ asked: true });
  expect(await refreshing.byToken(token, use)).toMatchObject({ asked: false });
  expect(asked).toBe(1);
});
