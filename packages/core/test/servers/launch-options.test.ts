import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHub, type TestHub } from '../../../testing/src/index.ts';

describe('options of a spawner', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await createTestHub({
      servers: { hookTimeout: 0.5 },
      groups: { ml: { users: ['grace'] } },
      spawner: {
        environment: (launch) => ({
          WHO: launch.user.name,
          GROUPS: ({ user }) => user.groups.join(','),
          ...(launch.user.name === 'mistyped' ? { COUNT: (() => 3) as never } : {}),
        }),
        args: async ({ user }) => [`--for=${user.name}`],
        notebookDir: ({ user }) => (user.name === 'braces' ? '/data/{nonsense}' : '/data/{username}'),
        defaultUrl: () => '{base_url}lab',
        memLimit: ({ user }) => (user.groups.includes('ml') ? '1.5G' : 1024),
        memGuarantee: '512M',
        cpuLimit: ({ user }) => (user.name === 'wrong' ? ('many' as never) : 2),
        cpuGuarantee: 0.5,
        disableUserConfig: ({ user }) => user.name === 'grace',
        debug: async () => true,
        hubConnectUrl: ({ user }) => {
          if (user.name === 'faulty') throw new Error('cannot know, secret 42');
          return user.name === 'grace' ? 'https://hub.example.edu/' : '';
        },
        command: async ({ user, signal }) => {
          if (user.name === 'slow') await new Promise((resolve) => signal.addEventListener('abort', resolve));
          return ['jupyterhub-singleuser'];
        },
      },
    });
  });
  afterAll(() => hub[Symbol.asyncDispose]());

  const environmentOf = async (name: string) => {
    expect((await (await hub.signIn(name)).startServer()).status).toBe(201);
    return hub.engine.of(name)?.environment ?? {};
  };

  it('may be functions of the launch, each worked out for its user (P812, P240)', async () => {
    expect(await environmentOf('grace')).toMatchObject({
      WHO: 'grace',
      GROUPS: 'ml',
      JUPYTERHUB_ROOT_DIR: '/data/grace',
      JUPYTERHUB_DEFAULT_URL: '/user/grace/lab',
      JUPYTERHUB_DEBUG: '1',
      JUPYTERHUB_DISABLE_USER_CONFIG: '1',
      JUPYTERHUB_API_URL: 'https://hub.example.edu/hub/api',
      MEM_LIMIT: '1610612736',
      MEM_GUARANTEE: '536870912',
      CPU_LIMIT: '2.0',
      CPU_GUARANTEE: '0.5',
    });
    const others = await environmentOf('ada');
    expect(others).toMatchObject({ WHO: 'ada', GROUPS: '', MEM_LIMIT: '1024' });
    expect(others.JUPYTERHUB_API_URL).toBe(`${hub.url}/hub/api`);
    expect(others).not.toHaveProperty('JUPYTERHUB_DISABLE_USER_CONFIG');
  });

  it.each([
    ['wrong', 'cpuLimit must be number'],
    ['mistyped', 'environment.COUNT must be string'],
    ['faulty', /The option "hubConnectUrl" of .* could not be worked out for faulty/],
    ['braces', 'names {nonsense}, which is not known'],
  ])(
    'that come to nothing good fail the start and are named in the log: %s (P215, P812)',
    async (name, words) => {
      const answer = await (await hub.signIn(name)).startServer();
      expect(answer.status).toBe(500);
      expect(answer.text).not.toContain('secret 42');
      const line = hub.log.find(({ message, fields }) => message === 'start failed' && fields.user === name);
      expect(String(line?.fields.err)).toMatch(words);
      await hub.until(async () => (await hub.phase(name)) === 'stopped');
      expect((await hub.server(name)).failure).toMatchObject({ cause: 'plugin-error' });
    },
  );

  it('that take longer than `servers.hookTimeout` fail the start, named', async () => {
    const answer = await (await hub.signIn('slow')).startServer();
    expect(answer.status).toBe(500);
    expect(answer.json.message).toMatch(/^The option "command" of .* took longer than 0.5 s\.$/);
  });
});

describe('the configuration', () => {
  it.each([
    [{ memLimit: '1.5 gigabytes' }, 'memLimit'],
    [{ memLimit: '2g' }, 'memLimit'],
    [{ cpuLimit: -1 }, 'cpuLimit'],
    [{ hubConnectUrl: 'hub.example.edu' }, 'hubConnectUrl'],
    [{ pollJitter: 2 }, 'pollJitter'],
    [{ notebookDir: 7 as never }, 'notebookDir'],
  ])('is refused with %o', async (spawner, option) => {
    await expect(createTestHub({ spawner, start: false })).rejects.toMatchObject({
      problems: expect.arrayContaining([expect.stringContaining(option)]),
    });
  });
});
