import { allows } from '../access/index.ts';
import type { UserDetails } from '../accounts/index.ts';
import {
  anyOf,
  bytes,
  type Context,
  empty,
  events,
  type HttpServer,
  json,
  mayReadLog,
  on,
  refuseReservedKeys,
  requesterOf,
} from '../http/index.ts';
import type { Actor } from '../kernel/index.ts';
import { HubError, type JsonObject, type JsonValue } from '../plugin/index.ts';
import {
  type DetailsChange,
  longestLogBytes,
  refuseLargeOptions,
  type ServerRecord,
} from '../servers/index.ts';
import { checkKeys, isObject, objectBody } from './body.ts';
import { type ApiDeps, actorOf, requireUser, scopesOf } from './context.ts';
import { neverRan, serverModel } from './models.ts';
import { answers, logQuery, newServerBody, serverChangeBody, stopBody } from './schemas/index.ts';

const usualLogBytes = 16_384;

interface Names {
  readonly name: string;
  readonly server: string;
}

/** Servers and named servers: read, create, start, stop, progress (sections 4.4 and 4.5). */
export function serverRoutes({ api }: Pick<HttpServer, 'api'>, deps: ApiDeps): void {
  // `/users/ada/server` and `/users/ada/servers/` are the same server (R1).
  const paths = ['/users/:name/server', '/users/:name/servers/:server'] as const;
  for (const path of paths) {
    const named = (context: { readonly params: unknown }): Names => {
      const params = context.params as Partial<Names>;
      return { name: params.name ?? '', server: params.server ?? '' };
    };
    const target = (context: { readonly params: unknown }) =>
      on.server(named(context).name, named(context).server);
    const common = { on: target, mayBeEmpty: ['server'] };

    api.route('GET', path, {
      ...common,
      summary: 'Read a server',
      tags: ['servers'],
      answers: answers({ 200: 'Server' }, 404),
      scope: anyOf('read:servers'),
      async handle(context) {
        const { user, row } = await requireServer(deps, named(context));
        const model = serverModel(user, row ?? neverRan, scopesOf(context.caller), deps.places);
        // Ours, and only where there is something to tell.
        const lost = row !== null && (await deps.servers.unreachable([row])).has(row.id);
        const renaming = row !== null && 'pending' in model && (await deps.servers.renaming(row));
        return json({ ...model, ...(renaming && { pending: 'rename' }), ...(lost && { unreachable: true }) });
      },
    });
    api.route('PUT', path, {
      ...common,
      summary: 'Create a named server without starting it',
      tags: ['servers'],
      answers: answers({ 201: 'Server' }, 404, 409),
      accepts: { body: newServerBody },
      bodyOptional: true,
      scope: anyOf('start:servers'),
      handle: (context) => create(deps, context, named(context)),
    });
    api.route('POST', path, {
      ...common,
      summary: 'Start a server',
      tags: ['servers'],
      answers: answers({ 201: null, 202: null }, '4XX', 429, 500),
      accepts: { body: newServerBody },
      bodyOptional: true,
      scope: anyOf('start:servers'),
      handle: (context) => start(deps, context, named(context)),
    });
    api.route('PATCH', path, {
      ...common,
      summary: 'Change name, display name or options of a stopped server',
      tags: ['servers'],
      answers: answers({ 200: 'Server' }, 404, 409, 500),
      accepts: { body: serverChangeBody },
      scope: anyOf('start:servers'),
      handle: (context) => change(deps, context, named(context)),
    });
    api.route('DELETE', path, {
      ...common,
      summary: 'Stop a server, or cancel its start',
      tags: ['servers'],
      answers: answers({ 202: null, 204: null }, 404),
      accepts: { body: stopBody },
      bodyOptional: true,
      scope: anyOf('delete:servers'),
      handle: (context) => stop(deps, context, named(context)),
    });
    api.route('GET', `${path}/log`, {
      ...common,
      summary: 'The last part of what a server printed',
      tags: ['servers'],
      answers: answers({ 200: { type: 'text/plain' } }, 404),
      query: logQuery,
      scope: anyOf('access:servers', 'admin:servers'),
      quiet: true,
      handle: (context) => log(deps, context, named(context)),
    });
    api.route('GET', `${path}/progress`, {
      ...common,
      summary: 'Follow a start',
      tags: ['servers'],
      answers: answers({ 200: { type: 'text/event-stream', model: 'ProgressEvent' } }, 404),
      scope: anyOf('read:servers'),
      quiet: true,
      handle: (context) => progress(deps, context, named(context)),
    });
  }
}

async function create(deps: ApiDeps, context: Context, { name, server }: Names) {
  const user = await requireUser(deps, name);
  const { displayName, userOptions } = startBody(context.body);
  refuseLargeOptions(userOptions);
  const row = await deps.serverDetails.create(actorOf(context), user, server, displayName, userOptions);
  return json(serverModel(user, row, scopesOf(context.caller), deps.places), 201);
}

async function start(deps: ApiDeps, context: Context, { name, server }: Names) {
  const user = await requireUser(deps, name);
  const { displayName, userOptions } = startBody(context.body);
  await deps.askAgain.beforeStart(requesterOf(context.caller), user);
  const actor = actorOf(context);
  if (server !== '' && displayName) await showAs(deps, actor, user, server, displayName);
  const row = await deps.servers.requestStart(user, server, {
    actor,
    userOptions,
    displayName,
    bulk: actor.name !== user.name,
  });
  const { ready } = await deps.servers.startOutcome(row, deps.slowStart);
  return empty(ready ? 201 : 202, 'text/plain');
}

/** A start may come with another name to show; that of a server which is not stopped stays as it is. */
async function showAs(
  { servers, serverDetails }: ApiDeps,
  actor: Actor,
  user: UserDetails,
  name: string,
  displayName: string,
): Promise<void> {
  const row = await servers.find(user, name);
  if (row?.phase === 'stopped' && row.displayName !== displayName) {
    await serverDetails.change(actor, user, name, { displayName });
  }
}

async function change(deps: ApiDeps, context: Context, { name, server }: Names) {
  const user = await requireUser(deps, name);
  const wish = detailsBody(context.body);
  if (server === '') await deps.servers.defaultOf(user);
  const row = await deps.serverDetails.change(actorOf(context), user, server, wish);
  const model = serverModel(user, row, scopesOf(context.caller), deps.places);
  return bytes('application/json; charset=UTF-8', JSON.stringify(model)); // R5
}

async function stop(deps: ApiDeps, context: Context, { name, server }: Names) {
  const user = await requireUser(deps, name);
  const remove = removeWish(context.body);
  if (server === '' && remove) throw new HubError('HUB_BAD_REQUEST', 'Cannot delete the default server');
  if (server !== '' && !deps.servers.namedAllowed)
    throw new HubError('HUB_BAD_REQUEST', 'Named servers are not enabled.');
  const found = await deps.servers.find(user, server);
  if (!found) {
    if (server === '') return empty(204);
    throw new HubError('HUB_NOT_FOUND', `${user.name} has no server named '${server}'`);
  }
  await deps.askAgain.beforeStop(requesterOf(context.caller), user);
  if (forceWish(context)) {
    requireServerAdmin(context, user, server);
    const ended = await deps.servers.forceStop(user, server, actorOf(context), deps.slowStop);
    return ended ? empty(204) : empty(202, 'text/plain');
  }
  const stopping = await deps.servers.requestStop(user, server, { actor: actorOf(context), remove });
  const stopped = stopping === null || (await deps.servers.stopOutcome(stopping, deps.slowStop));
  return stopped ? empty(204) : empty(202, 'text/plain');
}

async function progress(deps: ApiDeps, context: Context, names: Names) {
  const { user, row } = await requireServer(deps, names);
  const pending = row?.phase === 'queued' || row?.phase === 'starting';
  if (pending) return events(deps.servers.progress(row, context.signal), true);
  if (row?.phase === 'ready' || row?.failure) {
    return events(only(await deps.servers.finalEvent(row)), false);
  }
  if (!row) throw new HubError('HUB_NOT_FOUND', `${user.name}'s server has never been started`); // R91
  const full = names.server === '' ? user.name : `${user.name}:${names.server}`;
  throw new HubError('HUB_BAD_REQUEST', `${full} is not starting...`);
}

/** Ours. The scope of the route lets in too many: those a server is shared with may open it, not read its log. */
async function log(deps: ApiDeps, context: Context, names: Names) {
  const { user, row } = await requireServer(deps, names);
  const target = { user: user.name, server: names.server, groups: new Set(user.groups) };
  if (!mayReadLog(context.caller, target)) {
    throw new HubError(
      'HUB_FORBIDDEN',
      'A log is for the owner of the server, and for those who hold admin:servers',
    );
  }
  if (!row) throw new HubError('HUB_NOT_FOUND', `${user.name}'s server has never been started`);
  const { bytes: wish } = context.query as { readonly bytes?: string };
  const most = wish === undefined ? usualLogBytes : Math.min(Number(wish), longestLogBytes);
  return bytes('text/plain; charset=utf-8', await deps.servers.log(row, most), 200, {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
}

async function* only(event: object): AsyncGenerator<object> {
  yield event;
}

/** R75: `display_name` and `user_options`, or the whole body as options. */
function startBody(body: JsonValue | undefined): {
  readonly displayName: string | null;
  readonly userOptions: JsonObject | null;
} {
  if (body === undefined || body === null) return { displayName: null, userOptions: null };
  if (!isObject(body)) throw new HubError('HUB_BAD_REQUEST', 'Body must be a JSON object');
  refuseReservedKeys(body);
  if (!('display_name' in body) && !('user_options' in body)) {
    return { displayName: null, userOptions: Object.keys(body).length > 0 ? body : null };
  }
  const { display_name: displayName, user_options: userOptions = null } = body;
  if (displayName !== undefined && typeof displayName !== 'string') {
    throw new HubError('HUB_BAD_REQUEST', 'display_name must be a string');
  }
  if (userOptions !== null && !isObject(userOptions)) {
    throw new HubError('HUB_BAD_REQUEST', 'user_options must be an object or null');
  }
  return { displayName: displayName ?? null, userOptions };
}

/** R82. */
function detailsBody(body: JsonValue | undefined): DetailsChange {
  const wish = objectBody(body ?? {}, 'Body must be a JSON object');
  const keys = Object.keys(wish);
  if (keys.length === 0) throw new HubError('HUB_BAD_REQUEST', 'Must specify at least one field to modify.');
  const known = Object.keys(serverChangeBody.properties);
  const unknown = keys.filter((key) => !known.includes(key));
  if (unknown.length > 0) {
    throw new HubError(
      'HUB_BAD_REQUEST',
      `Unexpected fields: ${unknown.join(', ').slice(0, 255)}, supported fields: ${known.join(', ')}`,
    );
  }
  checkKeys(wish, serverChangeBody);
  const { name, display_name: displayName, user_options: userOptions } = wish;
  if (isObject(userOptions)) {
    refuseReservedKeys(userOptions);
    refuseLargeOptions(userOptions);
  }
  return {
    ...(typeof name === 'string' && { name }),
    ...(typeof displayName === 'string' && displayName !== '' && { displayName }),
    ...(isObject(userOptions) && { userOptions }),
  };
}

function removeWish(body: JsonValue | undefined): boolean {
  if (!isObject(body) || body.remove === undefined) return false;
  if (typeof body.remove !== 'boolean') throw new HubError('HUB_BAD_REQUEST', 'remove must be true or false');
  return body.remove;
}

/** Ours: ends a stop that does not succeed. */
function forceWish({ body }: Context): boolean {
  if (!isObject(body) || body.force === undefined) return false;
  if (typeof body.force !== 'boolean') throw new HubError('HUB_BAD_REQUEST', 'force must be true or false');
  return body.force;
}

/** Whose processes may be left behind is not for their owner to decide: they may hold the machine's memory. */
function requireServerAdmin({ caller }: Context, user: UserDetails, server: string): void {
  const target = { kind: 'server', user: user.name, server, groups: new Set(user.groups) } as const;
  if (allows(scopesOf(caller), 'admin:servers', target)) return;
  throw new HubError('HUB_FORBIDDEN', 'To give up a server that cannot be stopped takes admin:servers');
}

/** The server a path names; `row` is `null` for a default server that never ran, which is there too (R74). */
async function requireServer(
  deps: ApiDeps,
  { name, server }: Names,
): Promise<{ user: UserDetails; row: ServerRecord | null }> {
  const user = await requireUser(deps, name);
  const row = await deps.servers.find(user, server);
  if (row || server === '') return { user, row };
  throw new HubError('HUB_NOT_FOUND', `${user.name} has no server named '${server}'`);
}
