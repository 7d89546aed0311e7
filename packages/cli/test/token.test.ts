import { expect, it } from 'vitest';
import { ask, freePort, Place } from './support/command.ts';

it('makes tokens that authenticate, while the hub runs and while it does not (P607)', async () => {
  const port = await freePort();
  await using place = await Place.hub(port);

  const before = await place.result('token', 'ada');
  expect(before).toMatchObject({ code: 0, err: '' });
  expect(before.out).toMatch(/^[0-9a-f]{32}\n$/);
  expect(await place.result('db', 'stop')).toMatchObject({ out: 'PostgreSQL did not run.\n' });

  await using hub = await place.served();
  const during = await place.result('token', 'ada', '--note', 'for a test', '--expires-in', '3600');
  for (const { out } of [before, during]) {
    const answer = await ask(port, out, '/user');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ name: 'ada', admin: true });
  }
  const tokens = await (await ask(port, during.out, '/users/ada/tokens')).json();
  expect(tokens).toMatchObject({
    api_tokens: [
      { note: 'command-line generated', expires_at: null, scopes: expect.arrayContaining(['admin:users']) },
      { note: 'for a test', expires_at: expect.any(String) },
    ],
  });

  hub.signal('SIGTERM');
  expect(await hub.ended).toBe(0);
});

it('gives no more than is asked for', async () => {
  const port = await freePort();
  await using place = await Place.hub(port);
  await using _hub = await place.served();
  const { out: token } = await place.result('token', 'ada', '--scopes', 'read:users!user', 'read:hub');
  expect((await ask(port, token, '/users/ada')).status).toBe(200);
  expect((await ask(port, token, '/users/ada/tokens')).status).toBe(403);
});

it('refuses a user who is not there, and scopes nobody knows', async () => {
  await using place = await Place.hub(await freePort());
  const nobody = await place.result('token', 'grace');
  expect(nobody).toMatchObject({ code: 1, out: '' });
  expect(nobody.err).toContain('There is no user grace.\n');
  const unknown = await place.result('token', 'ada', '--scopes', 'rule:world');
  expect(unknown).toMatchObject({ code: 1, out: '' });
  expect(unknown.err).toContain('rule:world');
});
