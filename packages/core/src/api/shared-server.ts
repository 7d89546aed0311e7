import { allows, holdsScope, type Membership, parseScope } from '../access/index.ts';
import { type Context, envelope, readPage } from '../http/index.ts';
import { HubError, type JsonValue } from '../plugin/index.ts';
import type { ServerNames, ServersMeant, SharedServer, Slice } from '../sharing/index.ts';
import { isObject, textList } from './body.ts';
import { type ApiDeps, scopesOf } from './context.ts';

/** The server a path names, as shares speak of it; every user has a default one. `null` when there is none. */
export async function findShared(deps: ApiDeps, { owner, name }: ServerNames): Promise<SharedServer | null> {
  const user = await deps.users.get(owner);
  if (!user) return null;
  const row =
    (await deps.servers.find(user, name)) ?? (name === '' ? await deps.servers.defaultOf(user) : null);
  return row && { id: row.id, ownerId: user.id, owner, name, ready: row.phase === 'ready' };
}

/** @throws HubError 404. */
export async function requireShared(deps: ApiDeps, names: ServerNames): Promise<SharedServer> {
  const server = await findShared(deps, names);
  if (server) return server;
  throw new HubError('HUB_NOT_FOUND', `No such server: ${names.owner}/${names.name}`);
}

/** What a list of shares or codes is about: one server, or without a name all of the owner (R113). @throws HubError 404. */
export async function serversMeant(
  deps: ApiDeps,
  owner: string,
  name: string | undefined,
): Promise<ServersMeant> {
  if (name !== undefined) return { kind: 'server', id: (await requireShared(deps, { owner, name })).id };
  const user = await deps.users.get(owner);
  if (!user) throw new HubError('HUB_NOT_FOUND', `No such user: '${owner}'`);
  return { kind: 'owner', id: user.id };
}

/** The list as it is always sent, in the envelope (R36). */
export async function listed<T>(
  deps: ApiDeps,
  context: Context,
  read: (slice: Slice) => Promise<{ readonly items: readonly T[]; readonly total: number }>,
  model: (item: T) => JsonValue,
) {
  const page = readPage(context.query, context.headers.accept, deps.pageLimits);
  const { items, total } = await read({ offset: page.offset, limit: page.limit });
  return envelope(items.map(model), total, page, new URL(context.url, context.origin));
}

/** `scopes` of a request about shares: nothing, `null` and `[]` mean the usual ones (R114). @throws HubError 400. */
export function askedScopes(body: JsonValue | undefined): readonly string[] | null {
  const scopes = isObject(body) ? body.scopes : undefined;
  return scopes === undefined || scopes === null ? null : textList(scopes, 'scopes');
}

/** Nobody gives away what they do not hold (R115). @throws HubError 403. */
export function requireToHold(
  { caller }: Pick<Context, 'caller'>,
  scopes: readonly string[],
  members: Membership,
): void {
  for (const text of scopes) {
    const parsed = parseScope(text);
    if (parsed.ok && holdsScope(scopesOf(caller), parsed.scope, members)) continue;
    throw new HubError('HUB_FORBIDDEN', `Do not have permission to grant share with scope ${text}`);
  }
}

/** Who shares by name must be able to read that name (R115). @throws HubError 403. */
export function requireToKnow(
  { caller }: Pick<Context, 'caller'>,
  { kind, name }: { readonly kind: 'user' | 'group'; readonly name: string },
  members: Membership,
): void {
  const scopes = scopesOf(caller);
  const known =
    kind === 'user'
      ? allows(scopes, 'read:users:name', { kind, user: name, groups: members.groupsOf(name) })
      : allows(scopes, 'read:groups:name', { kind, group: name });
  if (known) return;
  throw new HubError('HUB_FORBIDDEN', `Need scope 'read:${kind}s:name' to share with ${kind}s by name`);
}
