import { describe, expect, it } from 'vitest';
import {
  createTestHub,
  FakeEngine,
  FakeProxyTable,
  fakeProxy,
  fakeSpawner,
  type TestHub,
  type TestHubOptions,
} from '../../../testing/src/index.ts';
import { examineConfig } from '../../src/hub/index.ts';
import {
  Authenticator,
  definePlugin,
  HubError,
  type JsonObject,
  type LoginView,
  type LogoutFacts,
  type PluginInstance,
} from '../../src/plugin/index.ts';
import { Browser } from '../support/browser.ts';
import { provider, steeredAuthenticator } from '../support/steered-authenticator.ts';

/** What the provider of one instance was told. */
interface Told {
  readonly out: string[];
  readonly added: string[];
}

/** One package for several providers: a form and routes for each, and everybody's password is their name. */
function campus(id: string, told: Told = nobody()): PluginInstance<Authenticator> {
  const plugin = definePlugin({
    name: '@hub/auth-campus',
    version: '1',
    api: 1,
    provides: Authenticator,
    options: { type: 'object', properties: {}, additionalProperties: false },
    create: (): Authenticator => ({
      login: { form: { title: `Campus ${id}`, fields: ['username', 'password'] } },
      authenticate: async (_request, { username = '', password }) =>
        password === username ? { name: username } : null,
      routes: ({ route }) => {
        route('GET', '/whoami', { scope: 'anyone' }, ({ urlOf, send }) => send(200, urlOf('/whoami')));
      },
      onUserAdded: ({ name }) => void told.added.push(name),
      onLogout: ({ user }) => {
        told.out.push(user.name);
        return `https://${id}.example/logout`;
      },
    }),
  });
  return plugin({}, { id });
}

const others = [fakeSpawner(new FakeEngine()), fakeProxy(new FakeProxyTable())];

const nobody = (): Told => ({ out: [], added: [] });

async function open(options: TestHubOptions = {}): Promise<TestHub> {
  return createTestHub({ plugins: [campus('north'), campus('south')], ...options });
}

/** Fills in the form that the login page shows for this authenticator. */
async function enter({ url }: TestHub, username: string, id: string) {
  const browser = new Browser(url);
  const { text } = await browser.get('/hub/login');
  const actions = [...text.matchAll(/action="([^"]+)"/g)].map(([, action = '']) =>
    action.replace('&amp;', '&'),
  );
  const action = actions[id === 'north' ? 0 : 1] ?? '';
  const form = { _xsrf: browser.cookie('_xsrf') ?? '', username, password: username };
  const { status } = await browser.post(action, form);
  return { browser, status };
}

describe('two authenticators of one package', () => {
  it('are both on the login page, each form with its own address', async () => {
    await using hub = await open();
    const { text } = await new Browser(hub.url).get('/hub/login?next=/hub/home');
    expect(text.match(/action="[^"]+"/g)).toEqual([
      'action="/hub/login?next=%2Fhub%2Fhome"',
      'action="/hub/login?authenticator=south&amp;next=%2Fhub%2Fhome"',
    ]);
    const { browser } = await enter(hub, 'ada', 'south');
    expect((await browser.get('/hub/home')).status).toBe(200);
  });

  it('have routes of their own, and the first has the short ones (W26a)', async () => {
    await using hub = await open();
    const read = async (path: string) => (await new Browser(hub.url).get(path)).text;
    expect(await read('/hub/whoami')).toBe(`${hub.url}/hub/whoami`);
    expect(await read('/hub/auth/north/whoami')).toBe(`${hub.url}/hub/whoami`);
    expect(await read('/hub/auth/south/whoami')).toBe(`${hub.url}/hub/auth/south/whoami`);
  });

  it.each([
    [['north', 'north'], 'two have the id "north" as authenticator'],
    [['north', 'so/uth'], '"so/uth" cannot be the id of an authenticator'],
  ])('with the ids %s do not start', async (ids, problem) => {
    const plugins = ids.map((id) => campus(id));
    await expect(open({ plugins, start: false })).rejects.toMatchObject({
      code: 'HUB_CONFIG_INVALID',
      problems: [expect.stringContaining(problem)],
    });
  });

  it('with a route that cannot be do not start, naming plugin and path', async () => {
    const wrong = definePlugin({
      name: '@hub/auth-wrong',
      version: '1',
      api: 1,
      provides: Authenticator,
      options: { type: 'object', properties: {}, additionalProperties: false },
      create: (): Authenticator => ({
        login: { none: true },
        authenticate: async () => null,
        routes: ({ route }) => route('GET', '/call back', { scope: 'anyone' }, () => undefined),
      }),
    });
    const problem = expect.stringContaining('wrong: route GET /call back');
    // `hub check` finds it too, without a start.
    expect((await examineConfig({ plugins: [wrong(), ...others] })).problems).toEqual([problem]);
    await expect(open({ plugins: [wrong()] })).rejects.toMatchObject({ problems: [problem] });
  });
});

describe('the same name at two providers', () => {
  it('is one user for who came first, and refused to the other (design section 3)', async () => {
    await using hub = await open();
    expect((await enter(hub, 'grace', 'north')).status).toBe(302);
    expect((await enter(hub, 'grace', 'south')).status).toBe(403);
    expect((await enter(hub, 'linus', 'south')).status).toBe(302);
    expect((await enter(hub, 'linus', 'north')).status).toBe(403);
  });

  it('is no administrator where only that of the first is listed', async () => {
    await using hub = await open({ access: { admins: ['ada', 'south:linus'] } });
    expect((await enter(hub, 'ada', 'south')).status).toBe(403);
    expect((await enter(hub, 'linus', 'north')).status).toBe(403);
    expect((await enter(hub, 'ada', 'north')).status).toBe(302);
    expect((await enter(hub, 'linus', 'south')).status).toBe(302);
    expect(await hub.hub.users.get('ada')).toMatchObject({ admin: true });
    expect(await hub.hub.users.get('linus')).toMatchObject({ admin: true });
  });

  it('may be given another name by the configuration', async () => {
    await using hub = await open({ access: { nameMap: { 'south:ada': 'ada.south' } } });
    expect((await enter(hub, 'ada', 'north')).status).toBe(302);
    expect((await enter(hub, 'ada', 'south')).status).toBe(302);
    const names = await Promise.all(['ada', 'ada.south'].map((name) => hub.hub.users.get(name)));
    expect(names.map((user) => user?.name)).toEqual(['ada', 'ada.south']);
  });

  it('are one user where the configuration says so, in the rights of its lists', async () => {
    await using hub = await open({
      access: {
        allowAll: false,
        admins: ['ada', 'south:lovelace'],
        allowed: ['grace', 'south:turing'],
        nameMap: { 'south:hopper': 'grace' },
      },
    });
    expect((await enter(hub, 'grace', 'north')).status).toBe(302);
    expect((await enter(hub, 'hopper', 'south')).status).toBe(302);
    const grace = await hub.hub.users.get('grace');
    expect(grace && (await hub.hub.logins.list(grace)).map(({ authenticator }) => authenticator)).toEqual([
      'south',
      'north',
    ]);
    expect(await hub.hub.users.get('hopper')).toBeNull();
    expect((await enter(hub, 'turing', 'south')).status).toBe(302);
    expect((await enter(hub, 'lovelace', 'south')).status).toBe(302);
    expect((await enter(hub, 'hopper', 'north')).status).toBe(403);
  });
});

describe('what happens to a user', () => {
  it('at sign-in is told to the authenticator of it; a user of the configuration to all', async () => {
    const [north, south] = [nobody(), nobody()];
    await using hub = await open({
      plugins: [campus('north', north), campus('south', south)],
      access: { admins: ['root'] },
    });
    await enter(hub, 'ada', 'south');
    expect([north.added, south.added]).toEqual([['root'], ['root', 'ada']]);
  });

  it('at log-out is told to the authenticator of that login', async () => {
    const [north, south] = [nobody(), nobody()];
    await using hub = await open({ plugins: [campus('north', north), campus('south', south)] });
    const { browser } = await enter(hub, 'ada', 'south');
    const { headers } = await browser.get('/hub/logout');
    expect(headers.location).toBe('https://south.example/logout');
    expect([north.out, south.out]).toEqual([[], ['ada']]);
  });

  it('at log-out comes with what is kept of that identity, decrypted (P146)', async () => {
    const seen: (JsonObject | null)[] = [];
    const keep = (id: string) => {
      const told = provider();
      told.identities.set('ada', { authState: { token: `of ${id}` } });
      told.identities.set('grace', { authState: { token: `of ${id}` } });
      const onLogout = (_login: LoginView, { authState }: LogoutFacts) => void seen.push(authState);
      return steeredAuthenticator(told, { onLogout }, id);
    };
    await using hub = await open({
      plugins: [keep('north'), keep('south')],
      cryptKeys: ['a1'.repeat(32)],
      signIn: { authState: true },
      access: { nameMap: { 'south:grace': 'ada' } },
    });
    // One user who is known to both.
    await enter(hub, 'ada', 'north');
    const { browser } = await enter(hub, 'grace', 'south');
    await enter(hub, 'ada', 'north');
    await browser.get('/hub/logout');
    expect(seen).toEqual([{ token: 'of south' }]);
  });
});

describe('an authenticator that leaves the configuration', () => {
  it('is named at start; its logins stay good, and nobody signs in by it any more', async () => {
    await using hub = await open();
    const { browser } = await enter(hub, 'ada', 'south');
    await enter(hub, 'grace', 'north');
    await hub.hub.stop();
    await using later = await createTestHub({ plugins: [campus('north')], database: hub.database });
    const cookie = `jupyterhub-hub-login=${browser.cookie('jupyterhub-hub-login')}`;
    const home = await later.request('GET', '/hub/home', { cookie });
    expect(home.status).toBe(200);
    expect(later.log).toContainEqual(
      expect.objectContaining({
        message:
          'people signed in by an authenticator that the configuration lacks: its logins stay good until they end',
        fields: expect.objectContaining({ authenticator: 'south', users: 1, logins: 1 }),
      }),
    );
    expect((await later.request('POST', '/hub/login?authenticator=south')).status).toBe(404);
    // The name stays with whom it belongs to.
    expect((await enter(later, 'ada', 'north')).status).toBe(403);
    expect((await later.request('GET', '/hub/logout', { cookie })).headers.location).toBe('/hub/login');
  });
});

describe('single sign-on by a header (P143)', () => {
  const header = definePlugin({
    name: '@hub/auth-header',
    version: '1',
    api: 1,
    provides: Authenticator,
    options: {
      type: 'object',
      properties: { trusted: { type: 'string' } },
      required: ['trusted'],
      additionalProperties: false,
    },
    create: ({ options }): Authenticator => ({
      login: { none: true },
      autoLogin: true,
      authenticate: async ({ headers, ip }) => {
        const name = headers['x-remote-user'];
        if (name === 'expired') throw new HubError('HUB_FORBIDDEN', 'Your account has ended.');
        return name !== undefined && ip === options.trusted ? { name } : null;
      },
    }),
  });

  it('signs in without a page, keeps next, and refuses whom the proxy does not vouch for', async () => {
    await using hub = await open({ plugins: [header({ trusted: '127.0.0.1' })] });
    const get = async (user: string | null) => {
      const browser = new Browser(hub.url);
      const answer = await browser.get(
        '/hub/login?next=/hub/token',
        user === null ? {} : { 'x-remote-user': user },
      );
      return [answer.status, answer.headers.location, (await browser.get('/hub/home')).status];
    };
    expect(await get('ada')).toEqual([302, '/hub/token', 200]);
    expect(await get(null)).toEqual([403, undefined, 302]);
    expect(await get('expired')).toEqual([403, undefined, 302]);
    await using other = await open({ plugins: [header({ trusted: '192.0.2.1' })] });
    expect((await other.request('GET', '/hub/login', { headers: { 'x-remote-user': 'ada' } })).status).toBe(
      403,
    );
  });
});

describe('an operator’s hook (P101)', () => {
  it.each([
    [{ postauth: () => null }, 'hooks: there is no hook "postauth"'],
    [{ postAuth: 'deny' }, 'hooks.postAuth must be a function.'],
  ])('%o is a mistake found before the start', async (hooks, problem) => {
    // @ts-expect-error as in a configuration written without types
    await expect(open({ hooks, start: false })).rejects.toMatchObject({
      problems: [expect.stringContaining(problem)],
    });
  });

  it('sees which authenticator and which request it is about, and what it says is shown', async () => {
    await using hub = await open({
      hooks: {
        postAuth: (identity, { authenticator, request }) => {
          if (authenticator === 'north') return identity;
          throw new HubError('HUB_FORBIDDEN', `No ${authenticator} from ${request.ip} today.`);
        },
      },
    });
    expect((await enter(hub, 'ada', 'north')).status).toBe(302);
    const browser = new Browser(hub.url);
    await browser.get('/hub/login');
    const form = { _xsrf: browser.cookie('_xsrf') ?? '', username: 'eve', password: 'eve' };
    const { status, text } = await browser.post('/hub/login?authenticator=south', form);
    expect(status).toBe(403);
    expect(text).toContain('No south from 127.0.0.1 today.');
    expect(await hub.hub.users.get('eve')).toBeNull();
  });
});
