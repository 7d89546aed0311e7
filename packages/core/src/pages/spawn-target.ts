import type { UserDetails } from '../accounts/index.ts';
import { userView } from '../accounts/index.ts';
import { type Context, on, type TargetName } from '../http/index.ts';
import { serverPrefix } from '../kernel/index.ts';
import { HubError, type OptionsFormContext, type ServerView } from '../plugin/index.ts';
import { type ServerRecord, serverView } from '../servers/index.ts';
import type { PageDeps } from './deps.ts';
import { nextArgument } from './next-target.ts';
import { type ServerName, serverUrls } from './server-urls.ts';
import { requestView } from './viewer.ts';

/** The server a spawn page is about. */
export interface SpawnTarget {
  readonly name: ServerName;
  readonly owner: UserDetails;
  /** `null` before its first start. */
  readonly row: ServerRecord | null;
  /** Wished for a new one. */
  readonly displayName: string | null;
}

/** The names in a path, `''` for what it leaves out. */
export function namesOf({ params }: { readonly params: unknown }): ServerName {
  const { name = '', server = '' } = params as { readonly name?: string; readonly server?: string };
  return { user: name, server };
}

/** The same as what scopes are asked about. */
export function scopeTarget(request: { readonly params: unknown }): TargetName {
  const { user, server } = namesOf(request);
  return on.server(user, server);
}

/** Throws a HubError 404 for an unknown user and 400 for a server that may not be (W27, W28). */
export async function findTarget(context: Context, name: ServerName, deps: PageDeps): Promise<SpawnTarget> {
  const { users, servers } = deps;
  const owner = await requireUser(name.user, users);
  const displayName = context.searchParams.getAll('display_name').at(-1) || null;
  const row = await servers.find(owner, name.server);
  if (name.server !== '' && (!row || !servers.namedAllowed)) {
    await servers.checkNamed(owner, name.server, displayName);
  }
  return { name, owner, row, displayName };
}

/** Throws a HubError 404 for a name nobody has. */
export async function requireUser(name: string, users: PageDeps['users']): Promise<UserDetails> {
  const user = await users.get(name);
  if (user) return user;
  throw new HubError('HUB_NOT_FOUND', `No such user: '${name}'`);
}

/** What a spawner is told when its form is drawn or read. */
export function formContext(
  context: Context,
  { name, owner, row, displayName }: SpawnTarget,
  { places }: PageDeps,
): OptionsFormContext {
  const user = userView(owner, owner.groups);
  const unmade: ServerView = {
    id: '',
    name: name.server,
    displayName: displayName ?? name.server,
    owner: user,
    prefix: serverPrefix(places.baseUrl, name.user, name.server),
    attempt: 0,
  };
  return {
    user,
    server: row ? serverView(places.baseUrl, row, user) : unmade,
    lastOptions: row?.userOptions ?? {},
    request: requestView(context),
    cspNonce: context.nonce,
  };
}

/** Where a start is followed, with the query of this request; `next` is checked when it is used (W31). */
export function pendingUrl(context: Context, name: ServerName, { places }: PageDeps): string {
  const dropped = new Set(['next', 'display_name', '_xsrf']);
  const query = new URLSearchParams([...context.searchParams].filter(([key]) => !dropped.has(key)));
  const next = nextArgument(context);
  if (next) query.append('next', next);
  const { pending } = serverUrls(places, name);
  return query.size > 0 ? `${pending}?${query}` : pending;
}
