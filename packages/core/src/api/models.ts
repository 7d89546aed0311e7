import {
  type ScopeSet,
  seesServer,
  type TargetOf,
  visibleServerFields,
  visibleUserFields,
} from '../access/index.ts';
import { type TokenRecord, tokenName, type UserDetails, type UserServer } from '../accounts/index.ts';
import { quoteName, serverPrefix } from '../kernel/index.ts';
import type { Instant, JsonObject, JsonValue } from '../plugin/index.ts';

/** Prefixes that models speak of, and the public address when one is configured. */
export interface ModelPlaces {
  readonly baseUrl: string;
  readonly hubPrefix: string;
  readonly publicUrl: string;
}

/** What a server's model is made from; rows of any reading have these. */
export type ModelServer = Pick<
  UserServer,
  'name' | 'displayName' | 'phase' | 'requestedAt' | 'lastActivity' | 'userOptions' | 'state'
>;

/** A default server before its first start: every user has one (R74, R176). */
export const neverRan: ModelServer = {
  name: '',
  displayName: '',
  phase: 'stopped',
  requestedAt: null,
  lastActivity: null,
  userOptions: null,
  state: null,
};

type Model = Record<string, JsonValue | undefined>;

/** A user as this caller may see them (section 2.1): one projection for every answer that shows users. */
export function userModel(
  user: UserDetails,
  scopes: ScopeSet,
  places: ModelPlaces,
  options: { readonly stoppedServers?: boolean; readonly authState?: JsonValue } = {},
): Model {
  const target: TargetOf<'user'> = { kind: 'user', user: user.name, groups: new Set(user.groups) };
  const fields = visibleUserFields(scopes, target);
  const main = user.servers.find(({ name }) => name === '');
  const values: Model = {
    kind: 'user',
    name: user.name,
    admin: user.admin,
    user_info: user.userInfo,
    groups: user.groups,
    roles: user.roles,
    server: main?.phase === 'ready' ? serverPrefix(places.baseUrl, user.name, '') : null,
    pending: main ? pendingOf(main.phase) : null,
    created: user.created,
    last_activity: user.lastActivity,
    auth_state: options.authState ?? null,
  };
  const model: Model = {};
  for (const field of fields) if (field !== 'servers') model[field] = values[field];
  // Ours, and only where there is something to tell: other models are the original's, field by field.
  if (user.disabled && fields.has('admin')) model.disabled = true;
  const servers = visibleServers(user, scopes, places, options.stoppedServers ?? false);
  if (fields.has('servers') || Object.keys(servers).length > 0) model.servers = servers;
  return model;
}

/** A server as this caller may see it (section 2.2). */
export function serverModel(
  owner: { readonly name: string; readonly groups: readonly string[] },
  server: ModelServer,
  scopes: ScopeSet,
  places: ModelPlaces,
): Model {
  const fields = visibleServerFields(scopes, targetOf(owner, server.name));
  const prefix = serverPrefix(places.baseUrl, owner.name, server.name);
  const user = `${places.hubPrefix}api/users/${quoteName(owner.name)}`;
  const progress = `${user}/${server.name === '' ? 'server' : `servers/${quoteName(server.name)}`}/progress`;
  const origin = places.publicUrl === '' ? null : new URL(places.publicUrl).origin;
  const active = server.phase !== 'stopped';
  const values: Model = {
    name: server.name,
    display_name: server.displayName,
    full_name: `${owner.name}/${server.name}`,
    last_activity: active ? later(server.lastActivity, server.requestedAt) : server.lastActivity,
    started: active ? server.requestedAt : null,
    pending: pendingOf(server.phase),
    ready: server.phase === 'ready',
    stopped: !active,
    url: prefix,
    user_options: server.userOptions,
    progress_url: progress,
    full_url: origin === null ? null : `${origin}${prefix}`,
    full_progress_url: origin === null ? null : `${origin}${progress}`,
    state: server.state,
  };
  const model: Model = {};
  for (const field of fields) model[field] = values[field];
  return model;
}

/** A start is activity from its first moment on (P220). */
function later(activity: Instant | null, start: Instant | null): Instant | null {
  if (activity === null || start === null) return activity ?? start;
  return Date.parse(start) > Date.parse(activity) ? start : activity;
}

/** A token without its secret (section 2.3); `scopes` are the effective ones. */
export function tokenModel(token: TokenRecord, scopes: readonly string[]): JsonObject {
  return {
    [token.owner.kind]: token.owner.name,
    id: tokenName(token.id),
    kind: 'api_token',
    roles: [],
    scopes,
    created: token.created,
    last_activity: token.lastActivity,
    expires_at: token.expiresAt,
    note: token.note,
    session_id: token.sessionId,
    oauth_client: token.clientName,
  };
}

/** `pending` on the wire (R41): a queued start is a start. */
export function pendingOf(phase: ModelServer['phase']): 'spawn' | 'stop' | null {
  if (phase === 'queued' || phase === 'starting') return 'spawn';
  return phase === 'stopping' ? 'stop' : null;
}

/** R39: active ones, with `include_stopped_servers` all; each only if the caller may read it. */
function visibleServers(
  user: UserDetails,
  scopes: ScopeSet,
  places: ModelPlaces,
  stoppedToo: boolean,
): Record<string, JsonObject> {
  const known = user.servers.some(({ name }) => name === '') ? user.servers : [unusedServer, ...user.servers];
  const shown = known.filter(
    (server) => (stoppedToo || server.phase !== 'stopped') && seesServer(scopes, targetOf(user, server.name)),
  );
  return Object.fromEntries(shown.map((server) => [server.name, serverModel(user, server, scopes, places)]));
}

/** Everybody has a default server (R40, R176), also one without a row because it was never used. */
const unusedServer: ModelServer = {
  name: '',
  displayName: '',
  phase: 'stopped',
  requestedAt: null,
  lastActivity: null,
  userOptions: null,
  state: null,
};

function targetOf(
  owner: { readonly name: string; readonly groups: readonly string[] },
  name: string,
): TargetOf<'server'> {
  return { kind: 'server', user: owner.name, server: name, groups: new Set(owner.groups) };
}
