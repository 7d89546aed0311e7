import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { afterEach, expect, it, vi } from 'vitest';
import { freePort } from '../python-clients/python.ts';
import { describeWith, openSingleUserHub } from './single-user-hub.ts';

const limit = 300_000;
const { shell } = userInfo();

afterEach(() => void vi.unstubAllEnvs());

/** Variables of the spawner that are no business of the server. */
const launchVariables = { HUB_LAUNCH_KEY: expect.any(String), HUB_LAUNCH_OWNER: expect.any(String) };

/** Variables the reference has in its table, sorted. */
function documented(): string[] {
  const page = new URL('../../../../docs/reference/single-user-servers.md', import.meta.url);
  const cells = [...readFileSync(page, 'utf8').matchAll(/^\| (`[A-Z][^|]*)\|/gm)].map(
    ([, cell = '']) => cell,
  );
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)).sort();
}

/** Variables `envKeep` names by default that are set here. */
function kept(): Record<string, string> {
  const names = [
    'CONDA_DEFAULT_ENV',
    'CONDA_ROOT',
    'JUPYTERHUB_SINGLEUSER_APP',
    'LANG',
    'LC_ALL',
    'LD_LIBRARY_PATH',
    'PATH',
    'PYTHONPATH',
    'VIRTUAL_ENV',
  ];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

describeWith('.venv', 'environment of a real server', () => {
  it(
    'P240: exactly the table, and nothing of the hub’s own environment but what is kept (W91)',
    async () => {
      vi.stubEnv('LANG', 'C.UTF-8');
      vi.stubEnv('SOMETHING_OF_THE_HUB', 'private');
      await using hub = await openSingleUserHub();
      await hub.start('ada');
      const environment = await hub.environment('ada');
      const token = environment.JUPYTERHUB_API_TOKEN ?? '';
      expect(token).toMatch(/^[0-9a-f]{32}$/);
      const port = new URL(environment.JUPYTERHUB_SERVICE_URL ?? '').port;
      expect(environment).toEqual({
        ...kept(),
        ...launchVariables,
        LANG: 'C.UTF-8',
        USER: 'ada',
        HOME: `${hub.homes}/ada`,
        SHELL: shell,
        JUPYTERHUB_API_TOKEN: token,
        JPY_API_TOKEN: token,
        JUPYTERHUB_CLIENT_ID: 'jupyterhub-user-ada',
        JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED: '0',
        JUPYTERHUB_HOST: '',
        JUPYTERHUB_OAUTH_CALLBACK_URL: '/user/ada/oauth_callback',
        JUPYTERHUB_OAUTH_SCOPES: '["access:servers!server=ada/","access:servers!user=ada"]',
        JUPYTERHUB_OAUTH_ACCESS_SCOPES: '["access:servers!server=ada/","access:servers!user=ada"]',
        JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES: '[]',
        JUPYTERHUB_USER: 'ada',
        JUPYTERHUB_SERVER_NAME: '',
        JUPYTERHUB_API_URL: `${hub.test.url}/hub/api`,
        JUPYTERHUB_ACTIVITY_URL: `${hub.test.url}/hub/api/users/ada/activity`,
        JUPYTERHUB_BASE_URL: '/',
        JUPYTERHUB_SERVICE_PREFIX: '/user/ada/',
        JUPYTERHUB_SERVICE_URL: `http://127.0.0.1:${port}/user/ada/`,
        JUPYTERHUB_PUBLIC_URL: '',
        JUPYTERHUB_PUBLIC_HUB_URL: '',
      });
      // The token is the one the hub knows for it.
      const own = await hub.test.request('GET', '/hub/api/user', { token });
      expect([own.status, own.json.name]).toEqual([200, 'ada']);
    },
    limit,
  );

  it(
    'P240: names, limits, places and public addresses of a named server; `environment` wins, secrets stay; the reference names all (W91)',
    async () => {
      const secrets = {
        JPY_COOKIE_SECRET: 'ab'.repeat(32),
        CONFIGPROXY_AUTH_TOKEN: 'of-the-proxy',
        JUPYTERHUB_CRYPT_KEY: 'cd'.repeat(32),
        DATABASE_URL: 'postgres://of-the-hub',
      };
      for (const [name, value] of Object.entries(secrets)) vi.stubEnv(name, value);
      vi.stubEnv('COURSE', 'physics');
      const port = await freePort();
      await using hub = await openSingleUserHub({
        publicUrl: 'https://hub.example.org/',
        hub: { port },
        cookies: { options: { samesite: 'Lax' }, hostPrefix: true },
        servers: { named: true },
        spawner: {
          envKeep: ['PATH', 'COURSE', ...Object.keys(secrets)],
          memLimit: '1.5G',
          memGuarantee: 1024,
          cpuLimit: 2,
          cpuGuarantee: 0.5,
          notebookDir: '~/{username}',
          defaultUrl: '{base_url}lab/tree/start',
          debug: true,
          disableUserConfig: true,
          hubConnectUrl: `http://localhost:${port}`,
          oauthClientAllowedScopes: ['read:users:groups!user'],
          environment: { JUPYTERHUB_SERVER_NAME: 'gpu', COURSE: 'maths', USER: 'eve', HOME: '/', SHELL: '/' },
        },
      });
      const name = 'ada+1@uni.example';
      const quoted = 'ada%2B1@uni.example';
      const folder = `${hub.homes}/${quoted}`;
      await mkdir(`${folder}/${name}`, { recursive: true });
      await hub.start(name, 'gpu');
      const environment = await hub.environment(name, 'gpu');
      const token = environment.JUPYTERHUB_API_TOKEN ?? '';
      const service = new URL(environment.JUPYTERHUB_SERVICE_URL ?? '');
      const scopes = `["access:servers!server=${name}/gpu","access:servers!user=${name}"]`;
      expect(environment).toEqual({
        ...launchVariables,
        PATH: process.env.PATH,
        COURSE: 'maths',
        USER: name,
        HOME: folder,
        SHELL: shell,
        JUPYTERHUB_API_TOKEN: expect.stringMatching(/^[0-9a-f]{32}$/),
        JPY_API_TOKEN: token,
        JUPYTERHUB_CLIENT_ID: `jupyterhub-user-${quoted}-gpu`,
        JUPYTERHUB_COOKIE_OPTIONS: '{"samesite":"Lax"}',
        JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED: '1',
        JUPYTERHUB_HOST: 'https://hub.example.org',
        JUPYTERHUB_OAUTH_CALLBACK_URL: `/user/${quoted}/gpu/oauth_callback`,
        JUPYTERHUB_OAUTH_SCOPES: scopes,
        JUPYTERHUB_OAUTH_ACCESS_SCOPES: scopes,
        JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES: '["read:users:groups!user"]',
        JUPYTERHUB_USER: name,
        JUPYTERHUB_SERVER_NAME: 'gpu',
        JUPYTERHUB_API_URL: `http://localhost:${port}/hub/api`,
        JUPYTERHUB_ACTIVITY_URL: `http://localhost:${port}/hub/api/users/${quoted}/activity`,
        JUPYTERHUB_BASE_URL: '/',
        JUPYTERHUB_SERVICE_PREFIX: `/user/${quoted}/gpu/`,
        JUPYTERHUB_SERVICE_URL: `http://127.0.0.1:${service.port}/user/${quoted}/gpu/`,
        JUPYTERHUB_PUBLIC_URL: `https://hub.example.org/user/${quoted}/gpu/`,
        JUPYTERHUB_PUBLIC_HUB_URL: 'https://hub.example.org/hub/',
        JUPYTERHUB_ROOT_DIR: `~/${name}`,
        JUPYTERHUB_DEFAULT_URL: `/user/${quoted}/gpu/lab/tree/start`,
        JUPYTERHUB_DEBUG: '1',
        JUPYTERHUB_DISABLE_USER_CONFIG: '1',
        MEM_LIMIT: String(1.5 * 1024 ** 3),
        MEM_GUARANTEE: '1024',
        CPU_LIMIT: '2.0',
        CPU_GUARANTEE: '0.5',
      });
      const others = ['PATH', 'COURSE', 'USER', 'HOME', 'SHELL', ...Object.keys(launchVariables)];
      // Those of internal TLS are tried in ../internal-tls.
      const encrypted = ['KEYFILE', 'CERTFILE', 'CLIENT_CA'].map((name) => `JUPYTERHUB_SSL_${name}`);
      expect(
        Object.keys(environment)
          .concat(encrypted)
          .filter((name) => !others.includes(name))
          .sort(),
      ).toEqual(documented());
    },
    limit,
  );
});
