import { expect, it } from 'vitest';
import { freePort, hubCode, Place } from './support/command.ts';

it('migrates a new database, says so, and leaves nothing running', async () => {
  await using place = await Place.hub(await freePort());
  expect((await place.result('db', 'migrate')).out).toMatch(
    /^The database took (one step|\d+ steps), from 0 to \d+\.\n$/,
  );
  expect((await place.result('db', 'migrate')).out).toMatch(/^The database is up to date \(step \d+\)\.\n$/);
  expect(await place.result('db', 'stop')).toMatchObject({ code: 0, out: 'PostgreSQL did not run.\n' });
});

it('does not stop a database that a hub holds, and names the hub', async () => {
  await using place = await Place.hub(await freePort());
  await using hub = await place.served();
  const refused = await place.result('db', 'stop');
  expect(refused).toMatchObject({ code: 1, out: '' });
  expect(refused.err).toMatch(/is in use: hub \d+ on .+ since .+\nStop them first/);
  hub.signal('SIGTERM');
  expect(await hub.ended).toBe(0);
});

it('ends a database that a killed hub left behind', async () => {
  await using place = await Place.hub(await freePort());
  await using hub = await place.served();
  hub.signal('SIGKILL');
  await hub.ended;
  expect(await place.result('db', 'stop')).toMatchObject({ code: 0, out: 'PostgreSQL has stopped.\n' });
  expect(await place.result('db', 'stop')).toMatchObject({ code: 0, out: 'PostgreSQL did not run.\n' });
});

it('leaves servers of others alone', async () => {
  await using place = await Place.make(hubCode(0, { database: 'postgres://db.example/hub' }));
  const { code, err } = await place.result('db', 'stop');
  expect(code).toBe(1);
  expect(err).toContain('not a private one');
});
