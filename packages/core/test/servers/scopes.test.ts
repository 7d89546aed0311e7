import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHub, type TestHub } from '../../../testing/src/index.ts';

describe('the scopes of a server', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await createTestHub({
      servers: { named: true },
      groups: { teachers: { users: ['grace'] } },
      hooks: {
        progressReady(event, { user }) {
          if (user === 'silent') throw new Error('no matter');
          if (user === 'nothing') return 'ready' as never;
          return { ...event, ready: false, message: `Welcome, ${user}`, colour: 'green' };
        },
      },
      spawner: {
        serverTokenScopes: ({ user }) => {
          if (user.name === 'plain') return [];
          if (user.name === 'wrong') return ['read:users!user', 7 as never];
          return ['access:servers!server', 'read:users:name!user', 'admin:users', 'no:such:scope'];
        },
        oauthClientAllowedScopes: ({ user }) => (user.groups.includes('teachers') ? ['read:users!user'] : []),
      },
    });
  });
  afterAll(() => hub[Symbol.asyncDispose]());

  const tokenOf = async (name: string, server = '') => {
    const user = await hub.signIn(name);
    expect((await user.startServer(server)).status).toBe(201);
    const token = hub.engine.of(name)?.environment.JUPYTERHUB_API_TOKEN ?? '';
    const { json } = await hub.request('GET', '/hub/api/user', { token });
    return json.scopes;
  };

  it('are those of the role `server` where none are chosen (P234)', async () => {
    expect(await tokenOf('plain')).toEqual(
      expect.arrayContaining(['access:servers!server=plain/', 'users:activity!user=plain']),
    );
  });

  it('are those chosen for the launch and held by its user, with `!server` completed and activity added (P234)', async () => {
    const scopes = await tokenOf('ada', 'gpu');
    expect(scopes).toEqual(
      expect.arrayContaining([
        'access:servers!server=ada/gpu',
        'users:activity!user=ada',
        'read:users:name!user=ada',
      ]),
    );
    // She is no administrator, and a filter means this server alone.
    expect(JSON.stringify(scopes)).not.toMatch(/admin:|no:such|server=ada\/"/);
    await hub.signIn('root', { admin: true });
    expect(await tokenOf('root')).toEqual(expect.arrayContaining(['admin:users']));
    const warnings = hub.log.filter(({ level }) => level === 'warn').map(({ message }) => message);
    const once = (words: string) => warnings.filter((message) => message.includes(words));
    expect(once('serverTokenScopes lacks "users:activity!user"')).toHaveLength(1);
    expect(once('scopes for servers that do not exist')).toHaveLength(1);
  });

  it('of its OAuth client are those chosen for the launch, and access to itself; the server is told them (P235)', async () => {
    await tokenOf('grace');
    expect(hub.engine.of('grace')?.environment.JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES).toBe(
      '["read:users!user"]',
    );
    const consent = async (name: string, scope: string) => {
      const browser = hub.browser();
      await browser.signInByForm({ username: name, password: name });
      const query = new URLSearchParams({
        client_id: `jupyterhub-user-${name}`,
        redirect_uri: `/user/${name}/oauth_callback`,
        response_type: 'code',
        state: 'x',
        scope,
      });
      const { status, headers } = await browser.get(`/hub/api/oauth2/authorize?${query}`);
      return { status, location: String(headers.location ?? '') };
    };
    expect((await consent('grace', 'read:users!user')).location).not.toContain('invalid_scope');
    await tokenOf('emil');
    expect((await consent('emil', 'read:users!user')).location).toContain('error=invalid_scope');
    expect((await consent('emil', 'access:servers!server=emil/')).location).not.toContain('invalid_scope');
  });

  it('of the wrong type fail the start, named, before a token is made', async () => {
    const user = await hub.signIn('wrong');
    expect((await user.startServer()).status).toBe(500);
    const line = hub.log.find(({ message, fields }) => message === 'start failed' && fields.user === 'wrong');
    expect(String(line?.fields.err)).toContain('serverTokenScopes.1 must be string');
    await hub.until(async () => (await hub.phase('wrong')) === 'stopped');
    expect((await user.api('GET', '/users/wrong/tokens')).json.api_tokens).toHaveLength(1);
  });

  it('come with a last event as the configuration wants it; a failing hook changes nothing (P210, R89)', async () => {
    const last = async (name: string) => {
      const user = await hub.signIn(name);
      await user.startServer();
      return (await user.progress()).events.at(-1);
    };
    expect(await last('friendly')).toMatchObject({
      progress: 100,
      ready: true,
      message: 'Welcome, friendly',
      url: '/user/friendly/',
      colour: 'green',
    });
    expect(await last('silent')).toMatchObject({ ready: true, message: 'Server ready at /user/silent/' });
    expect(await last('nothing')).toMatchObject({ ready: true, message: 'Server ready at /user/nothing/' });
  });
});
