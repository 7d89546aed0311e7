import { whoamiScopes } from '../access/index.ts';
import { anyOf, empty, type HttpServer, json } from '../http/index.ts';
import { HubError, type JsonValue } from '../plugin/index.ts';
import { type ApiDeps, requireUser } from './context.ts';
import { userModel } from './models.ts';

/** Root, info, who am I, health, shutdown (section 4.1). */
export function rootRoutes({ api, hub }: Pick<HttpServer, 'api' | 'hub'>, deps: ApiDeps): void {
  const version = () => json({ version: deps.info.version }, 200, { 'Access-Control-Allow-Origin': '*' });
  api.route('GET', '/', { summary: 'Version', identity: 'unasked', quiet: true, handle: version });
  api.route('GET', '', { summary: 'Version', identity: 'unasked', quiet: true, handle: version });

  // R48: asked by load balancers every second; it says that the process answers, nothing more.
  const health = () => empty(200, 'text/html');
  for (const mount of [api, hub]) {
    mount.route(['GET', 'HEAD'], '/health', {
      summary: 'Is the hub there',
      identity: 'unasked',
      quiet: true,
      handle: health,
    });
  }

  api.route('GET', '/info', {
    summary: 'About this hub',
    scope: anyOf('read:hub'),
    handle: () => {
      const { version: compatible, spawner, authenticator } = deps.info;
      const runtime = { python: `Node.js ${process.version}`, sys_executable: process.execPath };
      return json({ version: compatible, ...runtime, spawner, authenticator });
    },
  });

  // R45–R47: by this Python services and servers find out who their visitor is.
  api.route('GET', '/user', {
    summary: 'Who am I',
    identity: 'any',
    async handle({ caller }) {
      if (caller.kind === 'anonymous') throw new HubError('HUB_FORBIDDEN', '');
      const { owner } = caller;
      const about = {
        token_id: caller.kind === 'token' ? caller.tokenId : null,
        session_id: caller.sessionId,
        scopes: caller.scopes.toStrings(),
      };
      if (owner.kind === 'service')
        return json({ kind: 'service', name: owner.name, admin: false, ...about });
      const user = await requireUser(deps, owner.user.name);
      const seen = whoamiScopes(caller.scopes, { kind: 'user', name: user.name });
      return json({ ...userModel(user, seen, deps.places), ...about });
    },
  });

  api.route('POST', '/shutdown', {
    summary: 'Shut the hub down',
    scope: anyOf('shutdown'),
    handle({ body }) {
      const how = shutdownWish(body);
      // After the answer is on its way (R49).
      setTimeout(() => deps.shutDown(how), 100);
      return json({ message: 'Shutting down Hub' }, 202);
    },
  });
}

function shutdownWish(body: JsonValue | undefined): { readonly servers?: boolean; readonly proxy?: boolean } {
  if (typeof body !== 'object' || body === null) return {};
  if (!('servers' in body || 'proxy' in body)) return {};
  const wish: { servers?: boolean; proxy?: boolean } = {};
  for (const key of ['servers', 'proxy'] as const) {
    const value = (body as Record<string, JsonValue | undefined>)[key];
    if (value === undefined) continue;
    if (typeof value !== 'boolean') {
      throw new HubError('HUB_BAD_REQUEST', `${key} must be true or false, got ${JSON.stringify(value)}`);
    }
    wish[key] = value;
  }
  return wish;
}
