import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAccounts } from '../../test/support/accounts.ts';
import { type TestDatabase, testDatabase } from '../../test/support/database.ts';
import type { ServiceRecord } from '../plugin/index.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await testDatabase();
});
afterEach(async () => {
  await database.drop();
});

const hubWith = (services: readonly ServiceRecord[], roles: { name: string; services?: string[] }[] = []) =>
  openAccounts({ database, stated: { services, roles } });

describe('a service of the configuration', () => {
  it('acts with its token as its roles let it, and admin is a role (R143, W95)', async () => {
    await using hub = await hubWith(
      [
        { name: 'culler', apiToken: 'culler-secret', roles: ['token'] },
        { name: 'boss', apiToken: 'boss-secret', admin: true },
        { name: 'plain', apiToken: 'plain-secret' },
      ],
      [{ name: 'token', services: ['culler'] }],
    );
    expect(await hub.credentials.check('boss-secret')).toMatchObject({
      kind: 'service',
      name: 'boss',
      admin: true,
    });
    expect((await hub.credentials.check('boss-secret'))?.scopes.holds('admin:users')).toBe(true);
    expect(await hub.credentials.check('plain-secret')).toMatchObject({ name: 'plain', admin: false });
    expect((await hub.credentials.check('plain-secret'))?.scopes.toStrings()).toEqual([]);
    const [token] =
      await hub.sql`SELECT note, scopes FROM tokens t JOIN services s ON s.id = t.service_id WHERE s.name = 'boss'`;
    expect(token).toEqual({ note: 'from config', scopes: ['inherit'] });
  });

  it('that leaves the configuration is gone with its tokens; one of the API stays (P502)', async () => {
    await using hub = await hubWith([{ name: 'web', url: 'http://127.0.0.1:1', apiToken: 'web-secret' }]);
    await hub.sql`INSERT INTO services (name, from_config) VALUES ('guest', false)`;
    await using after = await hubWith([]);
    expect(after.applied.removedServices).toEqual(['web']);
    expect(await after.credentials.check('web-secret')).toBeNull();
    expect(await after.clients.get('service-web')).toBeNull();
    expect((await after.sql`SELECT name FROM services`).map(({ name }) => name)).toEqual(['guest']);
  });

  it('takes the place, and nothing else, of one of the API with its name (P502)', async () => {
    await using hub = await hubWith([]);
    await hub.sql`INSERT INTO services (name, from_config, admin) VALUES ('web', false, true)`;
    await hub.sql`INSERT INTO tokens (service_id, hash, prefix, client_id, scopes)
      SELECT id, encode(sha256('old-secret'), 'hex'), 'old-', 'jupyterhub', '["inherit"]' FROM services`;
    expect(await hub.credentials.check('old-secret')).toMatchObject({ name: 'web' });
    await using after = await hubWith([{ name: 'web' }]);
    expect(after.applied.replacedServices).toEqual(['web']);
    expect(await after.credentials.check('old-secret')).toBeNull();
    expect(await after.sql`SELECT admin, from_config FROM services`).toEqual([
      { admin: false, from_config: true },
    ]);
  });

  it('gets another token in the place of the old one (R175)', async () => {
    await using hub = await hubWith([{ name: 'web', url: 'http://127.0.0.1:1', apiToken: 'first-secret' }]);
    await using _second = await hubWith([
      { name: 'web', url: 'http://127.0.0.1:1', apiToken: 'other-secret' },
    ]);
    expect(await hub.credentials.check('first-secret')).toBeNull();
    expect(await hub.credentials.check('other-secret')).toMatchObject({ name: 'web' });
    const client = await hub.clients.get('service-web');
    expect(client && hub.clients.hasSecret(client, 'other-secret')).toBe(true);
    await using _none = await hubWith([{ name: 'web' }]);
    expect(await hub.credentials.check('other-secret')).toBeNull();
  });

  it('may hand its token on to another service', async () => {
    await using hub = await hubWith([
      { name: 'a', apiToken: 'secret-one' },
      { name: 'b', apiToken: 'secret-two' },
    ]);
    await using _swapped = await hubWith([
      { name: 'a', apiToken: 'secret-two' },
      { name: 'b', apiToken: 'secret-one' },
    ]);
    expect(await hub.credentials.check('secret-two')).toMatchObject({ name: 'a' });
    expect(await hub.credentials.check('secret-one')).toMatchObject({ name: 'b' });
  });

  it('has a client that follows its url and fields (P501, W67)', async () => {
    await using hub = await hubWith([{ name: 'web', url: 'http://127.0.0.1:1', apiToken: 'web-secret' }]);
    expect(await hub.clients.get('service-web')).toMatchObject({
      description: 'JupyterHub service web',
      redirectUri: '/services/web/oauth_callback',
      allowedScopes: ['access:services!service=web'],
      client: { kind: 'service', service: 'web' },
    });
    const oauth = { clientId: 'service-other', redirectUri: 'https://x.test/cb', allowedScopes: ['self'] };
    await using _other = await hubWith([{ name: 'web', apiToken: 'web-secret', oauth }]);
    expect(await hub.clients.get('service-web')).toBeNull();
    expect(await hub.clients.get('service-other')).toMatchObject({
      redirectUri: 'https://x.test/cb',
      allowedScopes: ['access:services!service=web', 'self'],
    });
    await using _none = await hubWith([{ name: 'web', apiToken: 'web-secret' }]);
    expect(await hub.clients.get('service-other')).toBeNull();
  });

  it('cannot have what is somebody else’s, and says whose mistake that is', async () => {
    await using hub = await hubWith([]);
    const ada = await hub.user('ada');
    await hub.sql`INSERT INTO tokens (user_id, hash, prefix, client_id) VALUES (${ada.id}, encode(sha256('adas-token'), 'hex'), 'adas', 'jupyterhub')`;
    await hub.sql`INSERT INTO services (name, from_config) VALUES ('guest', false)`;
    await hub.sql`INSERT INTO oauth_clients (identifier, service_id) SELECT 'service-web', id FROM services`;
    const attempt = hubWith([{ name: 'web', url: 'http://127.0.0.1:1', apiToken: 'adas-token' }]);
    await expect(attempt).rejects.toMatchObject({
      code: 'HUB_CONFIG_INVALID',
      problems: [
        "services: the apiToken of 'web' belongs to somebody else already",
        "services: the OAuth client id of 'web' belongs to another service",
      ],
    });
    expect(await hub.credentials.check('adas-token')).toMatchObject({ kind: 'user', name: 'ada' });
  });

  it('holds exactly the roles of its record and of the roles that name it', async () => {
    await using hub = await hubWith(
      [{ name: 'web', roles: ['token'] }],
      [{ name: 'grader', services: ['web'] }],
    );
    const rolesOf = async () =>
      (await hub.sql`SELECT r.name FROM service_roles JOIN roles r ON r.id = role_id ORDER BY 1`).map(
        ({ name }) => name,
      );
    expect(await rolesOf()).toEqual(['grader', 'token']);
    await using _less = await hubWith([{ name: 'web' }], [{ name: 'grader', services: ['web'] }]);
    expect(await rolesOf()).toEqual(['grader']);
    await using _none = await hubWith([{ name: 'web' }]);
    expect(await rolesOf()).toEqual([]);
  });

  it('of the API keeps role `admin` by its flag, and holds the roles that name it', async () => {
    await using hub = await hubWith([]);
    await hub.sql`INSERT INTO services (name, from_config, admin) VALUES ('guest', false, true)`;
    const rolesOf = async () =>
      (await hub.sql`SELECT r.name FROM service_roles JOIN roles r ON r.id = role_id ORDER BY 1`).map(
        ({ name }) => name,
      );
    await using _one = await hubWith([], [{ name: 'grader', services: ['guest'] }]);
    expect(await rolesOf()).toEqual(['admin', 'grader']);
    await using _two = await hubWith([], [{ name: 'admin', services: [] }]);
    expect(await rolesOf()).toEqual([]);
    expect(await hub.sql`SELECT FROM services WHERE admin`).toHaveLength(0);
  });
});

it('deletes OAuth clients that stand for nothing, and no others (W68)', async () => {
  await using hub = await hubWith([{ name: 'web', url: 'http://127.0.0.1:1' }]);
  const ada = await hub.user('ada');
  await hub.sql`INSERT INTO servers (user_id, name, spawner) VALUES (${ada.id}, '', 'x')`;
  await hub.sql`INSERT INTO oauth_clients (identifier, server_id) SELECT 'of-ada', id FROM servers`;
  await hub.sql`INSERT INTO oauth_clients (identifier, server_id) VALUES ('stray', 4711), ('nobody', NULL)`;
  await hub.apply();
  const left = await hub.sql`SELECT identifier FROM oauth_clients ORDER BY 1`;
  expect(left.map(({ identifier }) => identifier).toSorted()).toEqual([
    'jupyterhub',
    'of-ada',
    'service-web',
  ]);
});
