import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { TestHubOptions } from '../../../testing/src/index.ts';
import type { JsonObject } from '../../src/plugin/index.ts';
import { openApiHub } from '../support/api-hub.ts';
import { enter, errorsIn, provider, steeredAuthenticator } from '../support/steered-authenticator.ts';

const key = randomBytes(32).toString('hex');

async function open(options: TestHubOptions = {}) {
  const told = provider();
  const api = await openApiHub({
    cryptKeys: [key],
    signIn: { authState: true },
    plugins: [steeredAuthenticator(told)],
    ...options,
  });
  const state = async (name: string) => (await api.ada.api('GET', `/users/${name}`)).json.auth_state;
  const come = async (name: string, authState: JsonObject | null | undefined, id = 'steered') => {
    told.identities.set(name, { authState });
    return (await enter(api.hub.url, name, id)).answer.status;
  };
  return Object.assign(api, { told, state, come });
}

describe('auth_state of a sign-in', () => {
  it('is kept encrypted, replaced by the next one, and null is kept as null (P130, P133)', async () => {
    await using hub = await open();
    expect(await hub.come('bob', { token: 'first' })).toBe(302);
    expect(await hub.state('bob')).toEqual({ token: 'first' });
    const [row] = await hub.sql`SELECT sealed_auth_state AS sealed FROM identities WHERE subject = 'bob'`;
    expect(row?.sealed).toMatch(/^[\w-]+\.\./);
    await hub.come('bob', { token: 'second' });
    expect(await hub.state('bob')).toEqual({ token: 'second' });
    await hub.come('bob', undefined);
    expect(await hub.state('bob')).toBeNull();
  });

  it('is not kept unless asked for, and the old one goes with the next sign-in (P133)', async () => {
    await using hub = await open({ signIn: { authState: false } });
    await hub.come('bob', { token: 'first' });
    expect(await hub.state('bob')).toBeNull();
    expect((await hub.ada.api('PATCH', '/users/bob', { auth_state: { by: 'api' } })).status).toBe(200);
    expect(await hub.state('bob')).toEqual({ by: 'api' });
    await hub.come('bob', { token: 'second' });
    expect(await hub.state('bob')).toBeNull();
  });

  it('stands with its identity: the one signed in with last counts, and a start tells each its own', async () => {
    const told = provider();
    const other = provider();
    await using hub = await open({
      plugins: [steeredAuthenticator(told), steeredAuthenticator(other, {}, 'other')],
      access: { nameMap: { 'other:bobby': 'bob' } },
    });
    told.identities.set('bob', { authState: { of: 'first' } });
    other.identities.set('bobby', { authState: { of: 'other' } });
    await enter(hub.hub.url, 'bob', 'steered');
    await enter(hub.hub.url, 'bobby', 'other');
    expect(await hub.state('bob')).toEqual({ of: 'other' });
    const user = await hub.hub.hub.users.get('bob');
    const of = (id: string, subject: string) => hub.hub.hub.users.authStateOf(user?.id ?? 0, id, subject);
    expect(await of('steered', 'bob')).toEqual({ of: 'first' });
    expect(await of('other', 'bobby')).toEqual({ of: 'other' });
    expect(await of('other', 'bob')).toBeNull();

    expect((await (await hub.user('bob')).startServer()).status).toBe(201);
    expect(told.states).toEqual([{ of: 'first' }]);
    expect(other.states).toEqual([{ of: 'other' }]);

    // Written over the API, it goes where it is read.
    await hub.ada.api('PATCH', '/users/bob', { auth_state: { by: 'api' } });
    expect(await of('other', 'bobby')).toEqual({ by: 'api' });
    expect(await of('steered', 'bob')).toEqual({ of: 'first' });
  });

  it('of the API is what a user without identity has; a first sign-in takes its place (R65)', async () => {
    await using hub = await open();
    const bob = await hub.user('bob');
    await hub.ada.api('PATCH', '/users/bob', { auth_state: { by: 'api' } });
    await bob.startServer();
    expect(hub.told.states).toEqual([{ by: 'api' }]);
    await hub.come('bob', { token: 'first' });
    expect(await hub.state('bob')).toEqual({ token: 'first' });
    const [row] = await hub.sql`SELECT sealed_auth_state AS sealed FROM users WHERE name = 'bob'`;
    expect(row?.sealed).toBeNull();
  });

  it.each([
    ['a date', { at: new Date(0) as never }, 'auth_state.at is a Date'],
    ['a function', { list: [() => 1] as never }, 'auth_state.list[0] is a function'],
    ['too long a text', { token: 'x'.repeat(300_000) }, 'auth_state is too long'],
  ])(
    'that is %s is refused with a sentence for the operator, and nobody is made',
    async (_, authState, message) => {
      await using hub = await open();
      expect(await hub.come('bob', authState)).toBe(500);
      expect(errorsIn(hub.hub.log).join()).toContain(`Authenticator steered cannot be followed: ${message}`);
      expect(await hub.hub.hub.users.get('bob')).toBeNull();
    },
  );

  it('that no key opens is null and a warning, never a failure (P132)', async () => {
    await using hub = await open();
    await hub.come('bob', { token: 'first' });
    await hub.sql`UPDATE identities SET sealed_auth_state = 'damaged'`;
    expect(await hub.state('bob')).toBeNull();
    expect(hub.hub.log).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'auth_state cannot be opened with the keys there are',
      }),
    );
    expect(await hub.come('bob', { token: 'second' })).toBe(302);
    expect(await hub.state('bob')).toEqual({ token: 'second' });
  });

  it('sealed with an old key is sealed anew when it is read (P132)', async () => {
    await using first = await open();
    await first.come('bob', { token: 'first' });
    const sealed = async () =>
      (await first.sql`SELECT sealed_auth_state AS sealed FROM identities WHERE subject = 'bob'`)[0]?.sealed;
    const before = await sealed();
    await first.hub.hub.stop();
    const newKey = randomBytes(32).toString('hex');
    await using second = await open({ cryptKeys: [newKey, key], database: first.hub.database });
    expect(await second.state('bob')).toEqual({ token: 'first' });
    expect(await sealed()).not.toBe(before);
  });
});

describe('hooks.reconcileAuthState', () => {
  it('decides what is kept, given what is there (P133)', async () => {
    const seen: unknown[] = [];
    await using hub = await open({
      hooks: {
        reconcileAuthState(identity, existing, { authenticator }) {
          seen.push([authenticator, identity.authState, existing]);
          return identity.authState ? { ...existing, ...identity.authState } : null;
        },
      },
    });
    await hub.come('bob', { a: 1 });
    await hub.come('bob', { b: 2 });
    expect(await hub.state('bob')).toEqual({ a: 1, b: 2 });
    await hub.come('bob', null);
    expect(await hub.state('bob')).toBeNull();
    expect(seen).toEqual([
      ['steered', { a: 1 }, null],
      ['steered', { b: 2 }, { a: 1 }],
      ['steered', null, { a: 1, b: 2 }],
    ]);
  });

  it('is shown no state of another identity of the same user, and for the first one what the API stored', async () => {
    const seen: unknown[] = [];
    await using hub = await open({
      access: { nameMap: { bobby: 'bob' } },
      hooks: {
        reconcileAuthState(identity, existing) {
          seen.push(existing);
          return identity.authState ?? null;
        },
      },
    });
    await hub.user('bob');
    await hub.ada.api('PATCH', '/users/bob', { auth_state: { by: 'api' } });
    await hub.come('bob', { a: 1 });
    await hub.come('bobby', { b: 2 });
    await hub.come('bob', { c: 3 });
    expect(seen).toEqual([{ by: 'api' }, null, { a: 1 }]);
  });

  it('that throws refuses the sign-in and changes nothing', async () => {
    await using hub = await open({
      hooks: {
        reconcileAuthState() {
          throw new Error('x');
        },
      },
    });
    expect(await hub.come('bob', { a: 1 })).toBe(500);
    expect(await hub.hub.hub.users.get('bob')).toBeNull();
    expect(errorsIn(hub.hub.log).join()).toContain('The configuration failed in hooks.reconcileAuthState.');
  });
});
