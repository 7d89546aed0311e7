import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHub, FakeEngine, fakeSpawner, type TestHub } from '../../../testing/src/index.ts';
import { Authenticator, definePlugin, type HubHooks, Spawner, spawnRefusal } from '../../src/index.ts';

const told: string[] = [];

const attentive = definePlugin({
  name: 'attentive',
  api: 1,
  provides: Authenticator,
  options: { type: 'object', properties: {} },
  create: (): Authenticator => ({
    login: { form: { fields: ['username', 'password'] } },
    authenticate: async (_request, { username = '' }) => ({ name: username }),
    beforeSpawn: (user) => void told.push(`authenticator.beforeSpawn ${user.name}`),
    afterStop(user) {
      told.push(`authenticator.afterStop ${user.name}`);
      throw new Error('no matter');
    },
  }),
});

const hooks: HubHooks = {
  authState(launch, state) {
    told.push(`authState ${launch.user.name} ${state === null ? 'none' : JSON.stringify(state)}`);
    return { environment: { FROM: 'authState', STATE: 'yes' } };
  },
  groupOverrides(launch) {
    told.push(`groupOverrides ${launch.user.name}`);
    return {
      '20-big': {
        groups: ['nobody', 'ml'],
        overrides: { memLimit: '2G', environment: { FROM: '20-big', HOME_PAGE: null } },
      },
      '10-small': { groups: ['ml'], overrides: { memLimit: '1G', args: ['--small'] } },
      '30-others': { groups: ['physics'], overrides: { memLimit: '9G' } },
    };
  },
  applyUserOptions: { size: 'memLimit', cores: 'cpuLimit', quiet: 'disableUserConfig', page: 'defaultUrl' },
  async beforeSpawn(launch) {
    told.push(`beforeSpawn ${launch.user.name} ${launch.server.prefix} ${launch.spawner}`);
    if (launch.user.name === 'full')
      throw spawnRefusal('All GPUs are taken.', { status: 503, reason: 'gpus', messageHtml: '<b>GPUs</b>' });
    if (launch.user.name === 'misled') return { memLimt: '1G' };
    if (launch.user.name === 'scoped') return { serverTokenScopes: ['inherit'] } as never;
    if (launch.user.name === 'odd') return { memLimit: { much: true } as never };
    return { environment: { FROM: ({ user }: { user: { name: string } }) => `beforeSpawn of ${user.name}` } };
  },
  afterSpawn(server) {
    told.push(`afterSpawn ${server.owner.name}`);
    throw new Error('no matter either');
  },
  onSpawnFailure: (failure, server) =>
    void told.push(`onSpawnFailure ${server.owner.name} ${failure.cause} ${failure.reason}`),
  afterStop: (server) => void told.push(`afterStop ${server.owner.name}`),
};

describe('hooks of the configuration', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await createTestHub({
      plugins: [attentive()],
      hooks,
      groups: { ml: { users: ['grace'] }, physics: { users: [] } },
      spawner: {
        environment: { HOME_PAGE: 'x', KEPT: 'yes', FROM: 'configuration' },
        args({ user }) {
          told.push(`args ${user.name}`);
          return [];
        },
      },
    });
  });
  afterAll(() => hub[Symbol.asyncDispose]());
  const of = (name: string) => told.filter((line) => line.split(' ')[1] === name);

  it('are called in the order of P220 and P252, beside those of the authenticators (P117, P134)', async () => {
    const user = await hub.signIn('ada');
    expect((await user.startServer()).status).toBe(201);
    await hub.until(() => of('ada').length >= 6);
    expect((await user.stopServer()).status).toBe(204);
    expect(of('ada')).toEqual([
      'authenticator.beforeSpawn ada',
      'authState ada none',
      'groupOverrides ada',
      'beforeSpawn ada /user/ada/ spawner',
      'args ada',
      'afterSpawn ada',
      'afterStop ada',
      'authenticator.afterStop ada',
    ]);
    const failed = hub.log
      .filter(({ message }) => message === 'a hook failed')
      .map(({ fields }) => fields.hook);
    expect(failed).toEqual(['hooks.afterSpawn', 'afterStop of attentive']);
  });

  it('change a launch one after another: maps are merged, null deletes, the rest replaces (P231)', async () => {
    await (await hub.signIn('grace')).startServer();
    const { environment } = hub.engine.of('grace') ?? {};
    expect(environment).toMatchObject({
      MEM_LIMIT: '2147483648',
      FROM: 'beforeSpawn of grace',
      STATE: 'yes',
      KEPT: 'yes',
    });
    expect(environment).not.toHaveProperty('HOME_PAGE');
    // Only this launch: the next of somebody else is as configured.
    await (await hub.signIn('emil')).startServer();
    expect(hub.engine.of('emil')?.environment).toMatchObject({ HOME_PAGE: 'x' });
    expect(hub.engine.of('emil')?.environment).not.toHaveProperty('MEM_LIMIT');
  });

  it('make chosen options count, texts of a form too; what nothing applies is named (P232)', async () => {
    const user = await hub.signIn('chooser');
    const chosen = { size: ['3G'], cores: '1.5', quiet: 'on', page: '/lab', colour: 'red' };
    expect((await user.startServer('', { user_options: chosen })).status).toBe(201);
    expect(hub.engine.of('chooser')?.environment).toMatchObject({
      MEM_LIMIT: '3221225472',
      CPU_LIMIT: '1.5',
      JUPYTERHUB_DISABLE_USER_CONFIG: '1',
      JUPYTERHUB_DEFAULT_URL: '/lab',
    });
    expect(hub.engine.of('chooser')?.userOptions).toEqual(chosen);
    expect(
      hub.log.find(({ message }) => message === 'chosen options that nothing applies')?.fields,
    ).toMatchObject({
      options: ['colour'],
    });
  });

  it.each([{ size: 'huge' }, { cores: 'many' }, { cores: -1 }, { quiet: { very: true } }])(
    'answer 400 to a choice that does not fit: %o (P228, P232)',
    async (chosen) => {
      const user = await hub.signIn('picky');
      const answer = await user.startServer('', { user_options: chosen });
      expect([answer.status, answer.json.message]).toEqual([400, 'Invalid user options']);
      await hub.until(async () => (await hub.phase('picky')) === 'stopped');
    },
  );

  it('that refuse are shown by API, progress and page, with their HTML, and the failure is told once (P239)', async () => {
    const user = await hub.signIn('full');
    const answer = await user.startServer();
    expect([answer.status, answer.json.message]).toEqual([503, 'All GPUs are taken.']);
    expect((await user.progress()).events).toEqual([
      expect.objectContaining({
        failed: true,
        message: 'Spawn failed: All GPUs are taken.',
        html_message: '<b>GPUs</b>',
      }),
    ]);
    const browser = hub.browser();
    await browser.signInByForm({ username: 'full', password: 'any' });
    const page = await browser.get('/hub/spawn-pending/full');
    expect(page.status).toBe(503);
    expect(page.text).toContain('All GPUs are taken.');
    await hub.until(() => of('full').includes('authenticator.afterStop full'));
    expect(of('full').filter((line) => line.startsWith('onSpawnFailure'))).toEqual([
      'onSpawnFailure full refused gpus',
    ]);
    expect(of('full').filter((line) => line.startsWith('afterSpawn'))).toEqual([]);
    // Expected: a line for the operator, and no fault with its stack.
    const lines = hub.log.filter(({ fields }) => fields.user === 'full').map(({ message }) => message);
    expect(lines).toContain('start refused');
    expect(lines).not.toContain('start failed');
  });

  it.each([
    ['misled', 'hooks.beforeSpawn: the option "memLimt" is none of the spawner "spawner".'],
    ['scoped', 'hooks.beforeSpawn: the option "serverTokenScopes" cannot differ by launch.'],
    ['odd', '@hub/testing/fake-spawner (spawner): memLimit must be string'],
  ])(
    'whose answer names no option, or has the wrong type, fail the start, named: %s',
    async (name, words) => {
      expect((await (await hub.signIn(name)).startServer()).status).toBe(500);
      const line = hub.log.find(({ message, fields }) => message === 'start failed' && fields.user === name);
      expect(String(line?.fields.err)).toContain(words);
    },
  );
});

describe('a hook', () => {
  it('that answers too late fails the start within `servers.hookTimeout`; the server never ran', async () => {
    const never = new Promise<undefined>(() => undefined);
    await using hub = await createTestHub({
      servers: { hookTimeout: 0.3 },
      hooks: { beforeSpawn: () => never },
    });
    const answer = await (await hub.signIn('ada')).startServer();
    expect(answer.json.message).toBe('hooks.beforeSpawn took longer than 0.3 s.');
    expect(hub.engine.launches('ada')).toBe(0);
  });

  it('applies chosen options as a function; whatever it throws is 400 (P232)', async () => {
    await using hub = await createTestHub({
      hooks: {
        applyUserOptions(chosen) {
          if (chosen.size === 'L') return { memLimit: '8G' };
          throw new TypeError('secret 42');
        },
      },
    });
    const ada = await hub.signIn('ada');
    const refused = await ada.startServer('', { user_options: { size: 'XL' } });
    expect([refused.status, refused.json.message]).toEqual([400, 'Invalid user options']);
    await hub.until(async () => (await hub.phase('ada')) === 'stopped');
    expect((await ada.startServer('', { user_options: { size: 'L' } })).status).toBe(201);
    expect(hub.engine.of('ada')?.environment.MEM_LIMIT).toBe('8589934592');
  });

  it('of the wrong kind is a mistake of the configuration, named', async () => {
    const wrong = {
      beforeSpawn: 'later',
      befreSpawn: () => undefined,
      applyUserOptions: { size: 7 },
      groupOverrides: { gpu: { group: 'ml' } },
    };
    await expect(createTestHub({ hooks: wrong as never, start: false })).rejects.toMatchObject({
      problems: [
        'hooks.beforeSpawn must be a function.',
        expect.stringContaining('there is no hook "befreSpawn"'),
        expect.stringContaining('hooks.applyUserOptions must be'),
        expect.stringContaining('hooks.groupOverrides.gpu must have `groups`'),
      ],
    });
  });

  it('with a static mistake in what it overrides is found before anything starts, all of them at once (P231, P232)', async () => {
    const groups = ['ml'];
    const hooks: HubHooks = {
      applyUserOptions: { size: 'memLimt' },
      groupOverrides: {
        '10-typo': { groups, overrides: { memLimt: '1G' } },
        '20-size': { groups, overrides: { memLimit: '1 gigabyte' } },
        '30-fixed': { groups, overrides: { stopTimeout: 3 } as never },
        '40-early': { groups, overrides: { serverTokenScopes: ['inherit'] } as never },
        '50-text': { groups, overrides: { environment: { A: 7 } } },
      },
    };
    const start = createTestHub({ hooks, start: false });
    await expect(start).rejects.toMatchObject({
      problems: expect.arrayContaining([
        'hooks.applyUserOptions.size: "memLimt" is no option of a spawner that can differ by launch.',
        'hooks.groupOverrides.10-typo: unknown option "memLimt", did you mean "memLimit"?',
        expect.stringMatching(/^hooks\.groupOverrides\.20-size: memLimit must match pattern/),
        'hooks.groupOverrides.30-fixed: "stopTimeout" cannot differ by launch.',
        'hooks.groupOverrides.40-early: "serverTokenScopes" cannot differ by launch.',
        'hooks.groupOverrides.50-text: environment.A must be string.',
      ]),
    });
  });

  it('with functions and deletions is right at start: what functions come to is looked at by launch (P231)', async () => {
    const overrides = { memLimit: () => '2G', args: async () => [], environment: { A: null, B: () => 'x' } };
    await using hub = await createTestHub({
      hooks: { groupOverrides: { all: { groups: ['ml'], overrides } } },
      start: false,
    });
    expect(hub.hub).toBeDefined();
  });

  it('may override what only one of several spawners has', async () => {
    const second = fakeSpawner(new FakeEngine());
    const image = definePlugin({
      name: 'imaged',
      api: 1,
      provides: Spawner,
      options: { type: 'object', properties: { image: { type: 'string', default: '', perLaunch: true } } },
      create: () => ({ start: async () => '', poll: async () => null, stop: async () => undefined }),
    });
    const withImage = (value: unknown) =>
      createTestHub({
        plugins: [second, image()],
        hooks: {
          groupOverrides: { ml: { groups: ['ml'], overrides: { image: value } } },
          applyUserOptions: { picture: 'image' },
        },
        start: false,
      });
    await (await withImage('lab'))[Symbol.asyncDispose]();
    await expect(withImage(7)).rejects.toMatchObject({
      problems: ['hooks.groupOverrides.ml: image must be string.'],
    });
  });
});
