import { describe, expect, it } from 'vitest';
import { createTestHub, FakeEngine, fakeSpawner, type TestHubOptions } from '../../../testing/src/index.ts';
import { examineConfig } from '../../src/hub/index.ts';
import type { PluginInstance, Spawner } from '../../src/plugin/index.ts';

/** The fake spawner under another id. */
function named(id: string, engine: FakeEngine): PluginInstance<Spawner> {
  return { ...fakeSpawner(engine, { environment: { KEPT: 'yes', DROPPED: 'yes' }, memLimit: '1G' }), id };
}

const profiles = [
  { id: 'small', name: 'Small' },
  {
    id: 'big',
    name: 'Big',
    options: {
      memLimit: '8G',
      environment: {
        SIZE: ({ userOptions }: { userOptions: object }) => JSON.stringify(userOptions),
        DROPPED: null,
      },
    },
    form: {
      type: 'object',
      properties: { cores: { type: 'integer', maximum: 8, default: 2 } },
    },
  },
  { id: 'gpu', name: 'GPU', spawner: 'far', groups: ['lab'] },
] satisfies TestHubOptions['profiles'];

async function open(options: TestHubOptions = {}) {
  const [near, far] = [new FakeEngine(), new FakeEngine()];
  const plugins = [named('near', near), named('far', far)];
  const hub = await createTestHub({
    plugins,
    profiles,
    groups: { lab: { users: ['grace'] } },
    ...options,
  });
  return { hub, near, far, plugins };
}

const refusal = ({ status, json }: { status: number; json: Readonly<Record<string, unknown>> }) => [
  status,
  json.message,
];

describe('profiles over the API', () => {
  it('choose spawner and options; the row keeps the choice, typed', async () => {
    const { hub, near, far } = await open();
    await using _ = hub;
    const grace = await hub.signIn('grace');
    expect((await grace.startServer('', { profile: 'gpu' })).status).toBe(201);
    expect(await hub.server('grace')).toMatchObject({ spawner: 'far', userOptions: { profile: 'gpu' } });
    expect([far.launches('grace'), near.launches('grace')]).toEqual([1, 0]);

    const ada = await hub.signIn('ada');
    const body = { user_options: { profile: ['big'], cores: '4' } };
    expect((await ada.startServer('', body)).status).toBe(201);
    const chosen = { cores: 4, profile: 'big' };
    expect(await hub.server('ada')).toMatchObject({ spawner: 'near', userOptions: chosen });
    expect((await ada.server()).json.user_options).toEqual(chosen);
    // Options of the profile stand in for the spawner's own; maps are merged, and null takes away (P231).
    const { environment } = near.of('ada') ?? { environment: {} };
    expect(environment).toMatchObject({
      MEM_LIMIT: String(8 * 1024 ** 3),
      KEPT: 'yes',
      SIZE: JSON.stringify(chosen),
    });
    expect(environment).not.toHaveProperty('DROPPED');
  });

  it('of the last start are those of the next; without any the first offered is taken', async () => {
    const { hub, near } = await open();
    await using _ = hub;
    const ada = await hub.signIn('ada');
    expect((await ada.startServer()).status).toBe(201);
    expect((await hub.server('ada')).userOptions).toEqual({ profile: 'small' });
    expect(near.of('ada')?.environment).toMatchObject({ MEM_LIMIT: String(1024 ** 3), DROPPED: 'yes' });
    expect((await ada.stopServer()).status).toBe(204);
    expect((await ada.startServer('', { profile: 'big' })).status).toBe(201);
    expect((await ada.stopServer()).status).toBe(204);
    expect((await ada.startServer()).status).toBe(201);
    expect((await hub.server('ada')).userOptions).toEqual({ profile: 'big', cores: 2 });
  });

  it('that cannot be had, and options that do not fit, are refused with a sentence (P228)', async () => {
    const { hub, near, far } = await open();
    await using _ = hub;
    const ada = await hub.signIn('ada');
    expect(refusal(await ada.startServer('', { profile: 'gpu' }))).toEqual([
      403,
      'The profile "gpu" is not offered to ada. Choose one of: small, big.',
    ]);
    expect(refusal(await ada.startServer('', { profile: 'nope' }))).toEqual([
      400,
      'There is no profile "nope". Choose one of: small, big.',
    ]);
    expect(refusal(await ada.startServer('', { profile: 'big', cores: 9, x: 1 }))).toEqual([
      400,
      'Invalid user options: x is not known here; cores must be 8 or less.',
    ]);
    expect(refusal(await ada.startServer('', { profile: { id: 'big' } }))[0]).toBe(400);
    // An administrator starts it for its owner, with what is offered to the owner.
    const root = await hub.signIn('root', { admin: true });
    expect((await root.api('POST', '/users/ada/server', { profile: 'gpu' })).status).toBe(403);
    expect(await hub.phase('ada')).not.toBe('ready');
    expect([near.story, far.story]).toEqual([[], []]);
  });

  it('follow the groups of today: who left the lab cannot start its profile again', async () => {
    const { hub, far } = await open();
    await using _ = hub;
    const grace = await hub.signIn('grace');
    expect((await grace.startServer('', { profile: 'gpu' })).status).toBe(201);
    expect((await grace.stopServer()).status).toBe(204);
    const root = await hub.signIn('root', { admin: true });
    expect((await root.api('DELETE', '/groups/lab/users', { users: ['grace'] })).status).toBe(200);
    expect(refusal(await grace.startServer())).toEqual([
      403,
      'The profile "gpu" is not offered to grace. Choose one of: small, big.',
    ]);
    expect(far.launches('grace')).toBe(1);
    expect((await grace.startServer('', { profile: 'small' })).status).toBe(201);
  });

  it('are polled and stopped by their own spawner, whatever is chosen next', async () => {
    const { hub, near, far } = await open();
    await using _ = hub;
    const grace = await hub.signIn('grace');
    expect((await grace.startServer('', { profile: 'gpu' })).status).toBe(201);
    await far.crash('grace', { code: 3 });
    // Starting again looks first, at the right place (R80).
    expect((await grace.startServer('', { profile: 'small' })).status).toBe(201);
    expect([far.running.length, near.running.length]).toEqual([0, 1]);
    expect((await grace.stopServer()).status).toBe(204);
    expect([near.running.length, near.story.some((line) => line.startsWith('gone '))]).toEqual([0, true]);
  });
});

describe('a spawner that left the configuration', () => {
  it('is named at start, and its servers are left alone', async () => {
    const { hub, far } = await open();
    await using _ = hub;
    await (await hub.signIn('grace')).startServer('', { profile: 'gpu' });
    await hub.hub.stop({ keepServers: true });

    const near = new FakeEngine();
    await using later = await createTestHub({
      database: hub.database,
      plugins: [named('near', near)],
      profiles: profiles.slice(0, 2),
    });
    expect(later.log).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        fields: expect.objectContaining({ spawner: 'far', servers: 1 }),
        message: expect.stringContaining('spawner that the configuration lacks'),
      }),
    );
    expect((await later.server('grace')).phase).toBe('ready');
    expect(far.running).toHaveLength(1);
    const grace = await later.signIn('grace');
    expect(refusal(await grace.stopServer())).toEqual([
      503,
      'The spawner "far" this server was started with is not configured.',
    ]);
    expect(far.running).toHaveLength(1);
    await far.close();
  });
});

describe('profiles of a configuration', () => {
  const problemsOf = async (given: unknown) => {
    const config = { plugins: [], profiles: given } as unknown as Parameters<typeof examineConfig>[0];
    const { problems } = await examineConfig({ ...config, plugins: [named('near', new FakeEngine())] });
    return problems.filter((problem) => problem.includes('profiles'));
  };

  it.each([
    [[{ id: 'a' }], /profiles.0: the option "name" is missing/],
    [[{ id: 'A b', name: 'A' }], /profiles.0.id must match pattern/],
    [[{ id: 'a', name: 'A', spawnr: 'x' }], /unknown option "spawnr", did you mean "spawner"/],
    [
      [{ id: 'a', name: 'A', spawner: 'x' }],
      /profiles\[0\] \(a\): there is no spawner "x"; those there are: "near"/,
    ],
    [
      [
        { id: 'a', name: 'A' },
        { id: 'a', name: 'B' },
      ],
      /two have the id "a"/,
    ],
    [
      [
        { id: 'a', name: 'A', default: true },
        { id: 'b', name: 'B', default: true },
      ],
      /"a" and "b" are both the default/,
    ],
    [
      [{ id: 'a', name: 'A', options: { memLimt: 1 } }],
      /\(a\).options: unknown option "memLimt", did you mean "memLimit"/,
    ],
    [[{ id: 'a', name: 'A', options: { memLimit: 'lots' } }], /\(a\).options: memLimit/],
    [[{ id: 'a', name: 'A', options: { stopTimeout: 3 } }], /"stopTimeout" cannot differ by launch/],
    [
      [{ id: 'a', name: 'A', form: { type: 'object', properties: { x: { type: 'list' } } } }],
      /\(a\).form.properties.x.type/,
    ],
  ])('%j is a mistake, named', async (given, sentence) => {
    const problems = await problemsOf(given);
    expect(problems.join('\n')).toMatch(sentence);
  });

  it('that are right have no problems', async () => {
    expect(await problemsOf(profiles.slice(0, 2))).toEqual([]);
  });
});
