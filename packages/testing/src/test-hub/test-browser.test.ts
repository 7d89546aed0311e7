import { Authenticator, definePlugin } from '@hub/core/plugin';
import { expect, it } from 'vitest';
import { testAuthenticator } from './test-authenticator.ts';
import { createTestHub } from './test-hub.ts';

/** Leads to itself and back with a name, as a provider would. */
const roundTrip = definePlugin({
  name: 'round-trip',
  api: 1,
  provides: Authenticator,
  options: { type: 'object', properties: { name: { type: 'string', default: 'grace' } } },
  create: ({ options }): Authenticator => ({
    login: { button: { label: 'Round trip', path: '/leave' } },
    authenticate: async () => null,
    routes({ route }) {
      route('GET', '/leave', { scope: 'anyone' }, ({ cookies, redirect, urlOf, query }) => {
        cookies.set('flow', query.next ?? '', { maxAge: 60 });
        redirect(urlOf('/back'));
      });
      route('GET', '/back', { scope: 'anyone' }, (context) =>
        context.signIn({ name: options.name }, context.safeNext(context.cookies.get('flow') ?? undefined)),
      );
    },
  }),
});

it('a test signs in by the form of any authenticator, and by the routes of any other', async () => {
  await using hub = await createTestHub({
    bindUrl: 'http://127.0.0.1:8000/pre/',
    plugins: [
      testAuthenticator(),
      roundTrip(undefined, { id: 'one' }),
      roundTrip({ name: 'linus' }, { id: 'two' }),
    ],
    pages: { redirectToServer: false },
  });
  const ada = hub.browser();
  expect(await ada.userName()).toBeNull();
  expect((await ada.signInByForm({ username: 'ada', password: 'guess' })).status).toBe(403);
  const signedIn = await ada.signInByForm({ username: 'ada', password: 'ada' }, { next: '/pre/hub/token' });
  expect(signedIn).toMatchObject({ status: 302, headers: { location: '/pre/hub/token' } });
  expect(await ada.userName()).toBe('ada');
  expect((await ada.follow(signedIn)).status).toBe(200);

  const grace = hub.browser();
  expect((await grace.open('/pre/hub/auth/one/leave?next=/pre/hub/token')).url).toBe(
    `${hub.url}/pre/hub/token`,
  );
  expect(await grace.userName()).toBe('grace');
  const linus = hub.browser();
  await linus.open('/pre/hub/auth/two/leave');
  expect(await linus.userName()).toBe('linus');
});
