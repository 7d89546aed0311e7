import { whoamiScopes } from '../access/index.ts';
import { anyOf, empty, type HttpServer, json } from '../http/index.ts';
import { HubError, type JsonValue } from '../plugin/index.ts';
import { objectBody } from './body.ts';
import { type ApiDeps, requireService, requireUser } from './context.ts';
import { userModel } from './models.ts';
import { answers, shutdownBody } from './schemas/index.ts';
import { serviceModel } from './service-model.ts';

/** Root, info, who am I, health, shutdown (section 4.1). */
export function rootRoutes({ api, hub }: Pick<HttpServer, 'api' | 'hub'>, deps: ApiDeps): void {
  const version = () => json({ version: deps.info.version }, 200, { 'Access-Control-Allow-Origin': '*' });
  api.route('GET', '/', {
    summary: 'Version',
    tags: ['hub'],
    answers: answers({ 200: 'Version' }),
    identity: 'unasked',
    quiet: true,
    handle: version,
  });
  api.route('GET', '', {
    summary: 'Version',
    tags: ['hub'],
    answers: answers({ 200: 'Version' }),
    identity: 'unasked',
    quiet: true,
    handle: version,
  });

  // R48: asked by load balancers every second; it says that the process answers, nothing more.
  const health = () => empty(200, 'text/html');
  for (const mount of [api, hub]) {
    mount.route(['GET', 'HEAD'], '/health', {
      summary: 'Is the hub there',
      tags: ['hub'],
      answers: answers({ 200: null }),
      identity: 'unasked',
      quiet: true,
      handle: health,
    });
  }

  api.route('GET', '/info', {
    summary: 'About this hub',
    tags: ['hub'],
    answers: answers({ 200: 'Info' }),
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
    tags: ['hub'],
    answers: answers({ 200: 'Identity' }, 404),
    identity: 'any',
    callerDetails: true,
    async handle({ caller }) {
      if (caller.kind === 'anonymous') throw new HubError('HUB_FORBIDDEN', '');
      const { owner } = caller;
      const about = {
        token_id: caller.kind === 'token' ? caller.tokenId : null,
        // Of the token, as the original has it: who comes with a cookie is told none.
        session_id: caller.kind === 'token' ? caller.sessionId : null,
        scopes: caller.scopes.toStrings(),
      };
      if (owner.kind === 'service') {
        const service = await requireService(deps, owner.name);
        const seen = whoamiScopes(caller.scopes, { kind: 'service', name: service.name });
        return json({ ...serviceModel(service, seen, deps.places), ...about });
      }
      const known = caller.kind === 'token' ? caller.details : null;
      const user = known ?? (await requireUser(deps, owner.user.name));
      const seen = whoamiScopes(caller.scopes, { kind: 'user', name: user.name });
      return json({ ...userModel(user, seen, deps.places), ...about });
    },
  });

  api.route('POST', '/shutdown', {
    summary: 'Shut the hub down',
    tags: ['hub'],
    answers: answers({ 202: 'ShuttingDown' }),
    accepts: { body: shutdownBody },
    bodyOptional: true,
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
  const wish = objectBody(body ?? {}, 'body must be a json dict');
  for (const [key, value] of Object.entries(wish)) {
    // A misspelt key would stop what was to be kept.
    if (!Object.hasOwn(shutdownBody.properties, key))
      throw new HubError('HUB_BAD_REQUEST', `Unexpected field: ${key}`);
    if (typeof value === 'boolean') continue;
    const shown = typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
    throw new HubError('HUB_BAD_REQUEST', `${key} must be true or false, got ${shown.slice(0, 64)}`);
  }
  const { servers, proxy } = wish;
  return {
    ...(typeof servers === 'boolean' && { servers }),
    ...(typeof proxy === 'boolean' && { proxy }),
  };
}
