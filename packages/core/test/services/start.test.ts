import { describe, expect, it } from 'vitest';
import { createTestHub } from '../../../testing/src/index.ts';
import { ScopeSet } from '../../src/access/index.ts';
import { createTestDatabase, definePlugin, examineConfig, Service } from '../../src/index.ts';
import { Spawner, type StopMode, spawnerOptions } from '../../src/plugin/index.ts';
import { openClient } from '../../src/storage/database.ts';

describe('a hub that starts again', () => {
  it('finds everything as it was: no version is raised, no kept scope is void', async () => {
    const database = await createTestDatabase();
    const settings = {
      database,
      access: { admins: ['root'], allowed: ['ada'] },
      roles: [
        { name: 'grader', scopes: ['list:users'], users: ['ada'], groups: ['class'], services: ['web'] },
      ],
      groups: { class: { users: ['ada'] } },
      services: [{ name: 'web', url: 'http://127.0.0.1:9', apiToken: 'web-secret-0001' }],
      serviceCheckSeconds: 0,
    };
    let first: object | null = null;
    for (const round of [1, 2]) {
      await using hub = await createTestHub(settings);
      const made = await hub.request('GET', '/hub/api/user', { token: 'web-secret-0001' });
      expect(made.json.scopes).toContain('list:users');
      const sql = openClient(database.connection, 'test', { max: 1 });
      const versions = [
        await sql`SELECT name, access_version FROM users ORDER BY id`,
        await sql`SELECT name, access_version FROM services ORDER BY id`,
        await sql`SELECT key, value FROM settings ORDER BY key`,
      ];
      await sql.end();
      if (round === 1) first = versions;
      else expect(versions).toEqual(first);
    }
    await database.drop();
  });

  it('lists to a visitor the services they may open (W100)', async () => {
    await using hub = await createTestHub({
      services: [
        { name: 'web', url: 'http://127.0.0.1:9' },
        { name: 'docs', url: 'http://127.0.0.1:9' },
        { name: 'quiet', url: 'http://127.0.0.1:9', display: false },
        { name: 'none', apiToken: 'none-secret-0001' },
      ],
      serviceCheckSeconds: 0,
    });
    const shown = (...scopes: string[]) => hub.hub.services.servicesFor(ScopeSet.from(scopes));
    expect(await shown('access:services')).toEqual([
      { name: 'docs', href: '/services/docs/' },
      { name: 'web', href: '/services/web/' },
    ]);
    expect(await shown('access:services!service=web', 'list:services')).toEqual([
      { name: 'web', href: '/services/web/' },
    ]);
    expect(await shown('read:services')).toEqual([]);
  });
});

describe('a start that fails', () => {
  it('leaves the proxy to servers that stay', async () => {
    const database = await createTestDatabase();
    const modes: StopMode[] = [];
    const failing = definePlugin({
      name: 'failing',
      version: '1',
      api: 1,
      provides: Spawner,
      options: { type: 'object', properties: { ...spawnerOptions } },
      create({ lifecycle }): Spawner {
        lifecycle.onStop((mode) => void modes.push(mode));
        lifecycle.onStart(() => Promise.reject(new Error('not today')));
        return {
          start: async () => '',
          poll: async () => null,
          stop: async () => {},
          address: async () => null,
        };
      },
    });
    for (const keep of [true, false]) {
      const start = createTestHub({ database, servers: { keep }, plugins: [failing()] });
      await expect(start).rejects.toThrow('not today');
      expect(modes.pop()).toEqual({ keepServers: keep, keepProxy: keep });
    }
    await database.drop();
  });
});

describe('a configuration with mistakes', () => {
  it('is refused with a service that the hub would have to run', async () => {
    const plugin = definePlugin({
      name: 'example-service',
      version: '1',
      api: 1,
      provides: Service,
      options: { type: 'object', properties: {} },
      create: () => ({ record: { name: 'example' } }),
    });
    await expect(createTestHub({ plugins: [plugin()], start: false })).rejects.toMatchObject({
      problems: [expect.stringContaining('example-service')],
    });
  });

  it('is refused as a whole before anything is made', async () => {
    const attempt = createTestHub({
      roles: [{ name: 'x', scopes: ['bogus'] }],
      customScopes: { 'custom:a': { description: 'Short' } },
      services: [{ name: 'a/b' }],
      bindUrl: 'nowhere',
    });
    await expect(attempt).rejects.toMatchObject({
      code: 'HUB_CONFIG_INVALID',
      problems: [
        expect.stringContaining('bindUrl'),
        expect.stringContaining('custom:a'),
        expect.stringContaining("Role name 'x'"),
        expect.stringContaining("'bogus'"),
        expect.stringContaining("'a/b'"),
      ],
    });
  });

  it('in names of people is refused before the database is opened', async () => {
    const database = await createTestDatabase();
    const attempt = createTestHub({ database, groups: { class: { users: ['a/b'] } } });
    await expect(attempt).rejects.toMatchObject({
      problems: [expect.stringContaining("groups: class.users: 'a/b'")],
    });
    await database.drop();
  });

  it('is warned of where it is only doubtful', async () => {
    const { warnings } = await examineConfig({
      plugins: [],
      roles: [{ name: 'grader', services: ['ghost'] }],
    });
    expect(warnings).toEqual([
      'roles: Role grader has no scopes',
      "roles: grader names the service 'ghost', which must have been created over the API",
    ]);
    await expect(createTestHub({ roles: [{ name: 'grader', services: ['ghost'] }] })).rejects.toMatchObject({
      code: 'HUB_CONFIG_INVALID',
      problems: ["roles: there is no service 'ghost'"],
    });
  });
});
