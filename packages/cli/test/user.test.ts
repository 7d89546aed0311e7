import { expect, it } from 'vitest';
import { ask, freePort, Place } from './support/command.ts';

it('disables and enables a user beside a hub that runs, and signs out everywhere', async () => {
  const port = await freePort();
  await using place = await Place.hub(port);
  await using _hub = await place.served();
  const { out: token } = await place.result('token', 'ada');
  const status = async () => (await ask(port, token, '/user')).status;
  expect(await status()).toBe(200);

  const disabled = await place.result('user', 'disable', 'ada');
  expect(disabled).toMatchObject({ code: 0, err: '', out: expect.stringContaining('ada is disabled.') });
  expect(await status()).toBe(403);
  expect(await place.result('user', 'enable', 'ada')).toMatchObject({ code: 0, out: 'ada is enabled.\n' });
  expect(await status()).toBe(200);

  const out = await place.result('logout', 'ada', '--tokens');
  expect(out).toMatchObject({ code: 0, out: expect.stringContaining('signed in in 0 browsers') });
  expect(await status()).toBe(403);

  const nobody = await place.result('user', 'disable', 'grace');
  expect(nobody).toMatchObject({ code: 1, out: '', err: expect.stringContaining('There is no user grace.') });
});
