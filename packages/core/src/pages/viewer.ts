import type { ScopeSet } from '../access/index.ts';
import type { Visit } from '../accounts/index.ts';
import { type Context, ownerOf, scopesOf } from '../http/index.ts';
import type { Actor } from '../kernel/index.ts';
import { HubError, type RequestView, type UserView } from '../plugin/index.ts';

/** The person who looks at a page. */
export interface Viewer {
  /** Id of the user's row. */
  readonly id: number;
  readonly name: string;
  readonly view: UserView;
  readonly scopes: ScopeSet;
}

/** Who is signed in, or `null`. */
export function viewerOf({ caller }: Pick<Context, 'caller'>): Viewer | null {
  const owner = ownerOf(caller);
  if (owner?.kind !== 'user') return null;
  const { user } = owner;
  return { id: Number(user.id), name: user.name, view: user, scopes: scopesOf(caller) };
}

/** Who is signed in. Throws a HubError 403 for anybody else. */
export function requireViewer(context: Pick<Context, 'caller'>): Viewer {
  const viewer = viewerOf(context);
  if (viewer) return viewer;
  throw new HubError('HUB_FORBIDDEN', '');
}

/** The viewer as the audit trail names them. */
export function actorOf(context: Pick<Context, 'caller' | 'ip'>): Actor {
  return { kind: 'user', name: requireViewer(context).name, ip: context.ip };
}

/** A request as plugins see it (P804). */
export function requestView(context: Context): RequestView {
  const { method, url, path, headers, ip, origin } = context;
  const query = Object.fromEntries(context.searchParams);
  return { method, url, path, query, headers, ip, origin, user: viewerOf(context)?.view ?? null };
}

/** A request that signs somebody in. A session is begun only for those who are let in: a refusal sets no cookie (W25). */
export function visitOf(context: Context): Visit {
  return {
    request: requestView(context),
    get sessionId() {
      return context.ensureSessionId();
    },
  };
}
