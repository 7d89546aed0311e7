import { anyOf, type Context, empty, type HttpServer, json, on } from '../http/index.ts';
import { HubError, type JsonValue } from '../plugin/index.ts';
import { type Recipient, scopesToShare } from '../sharing/index.ts';
import { checkKeys, objectBody } from './body.ts';
import { type ApiDeps, actorOf } from './context.ts';
import { answers, pageQuery, shareBody } from './schemas/index.ts';
import { shareModel } from './share-models.ts';
import {
  askedScopes,
  listed,
  requireShared,
  requireToHold,
  requireToKnow,
  serversMeant,
} from './shared-server.ts';

type Params = { readonly params: { readonly owner: string; readonly server: string } };

/** Shares of one's own servers: list, grant, revoke (R113–R118). */
export function shareRoutes({ api }: Pick<HttpServer, 'api'>, deps: ApiDeps): void {
  const { shares, places } = deps;
  const server = ({ params }: Params) => on.server(params.owner, params.server);
  const common = { on: server, mayBeEmpty: ['server'] };

  async function list(context: Context, owner: string, name?: string) {
    const of = await serversMeant(deps, owner, name);
    return json(
      await listed(
        deps,
        context,
        (slice) => shares.page(of, slice),
        (share) => shareModel(share, places),
      ),
    );
  }

  // R113: a permission for one server does not show that there are others.
  api.route('GET', '/shares/:owner', {
    summary: "List shares of a user's servers",
    tags: ['shares'],
    answers: answers({ 200: 'ShareList' }, 404),
    accepts: { query: pageQuery },
    scope: anyOf('read:shares'),
    on: ({ params }) => on.user(params.owner),
    handle: (context) => list(context, context.params.owner),
  });

  api.route('GET', '/shares/:owner/:server', {
    ...common,
    summary: 'List shares of a server',
    tags: ['shares'],
    answers: answers({ 200: 'ShareList' }, 404),
    accepts: { query: pageQuery },
    scope: anyOf('read:shares'),
    handle: (context) => list(context, context.params.owner, context.params.server),
  });

  api.route('POST', '/shares/:owner/:server', {
    ...common,
    summary: 'Share a server with a user or a group',
    tags: ['shares'],
    answers: answers({ 200: 'Share' }, 404),
    accepts: { body: shareBody },
    scope: anyOf('shares'),
    async handle(context) {
      const names = { owner: context.params.owner, name: context.params.server };
      const target = targetOf(context.body);
      const scopes = scopesToShare(deps.table, names, askedScopes(context.body));
      const shared = await requireShared(deps, names);
      const others = new Set([names.owner, ...(target.kind === 'user' ? [target.name] : [])]);
      const members = await deps.grants.membershipOf(others);
      requireToHold(context, scopes, members);
      requireToKnow(context, target, members);
      const recipient = await findRecipient(deps, target);
      if (!recipient) throw new HubError('HUB_BAD_REQUEST', `No such ${target.kind}: ${target.name}`);
      return json(shareModel(await shares.grant(actorOf(context), shared, recipient, scopes), places));
    },
  });

  api.route('PATCH', '/shares/:owner/:server', {
    ...common,
    summary: 'Take a share, or some of its scopes, away',
    tags: ['shares'],
    answers: answers({ 200: 'ShareLeft' }, 404),
    accepts: { body: shareBody },
    scope: anyOf('shares'),
    async handle(context) {
      const names = { owner: context.params.owner, name: context.params.server };
      const target = targetOf(context.body);
      const asked = askedScopes(context.body);
      // R117, our fix: either spelling of a scope means the stored one.
      const scopes = asked?.length ? scopesToShare(deps.table, names, asked) : null;
      const shared = await requireShared(deps, names);
      const recipient = await findRecipient(deps, target);
      const left = recipient && (await shares.revoke(actorOf(context), shared, recipient, scopes));
      return json(left ? shareModel(left, places) : {});
    },
  });

  api.route('DELETE', '/shares/:owner/:server', {
    ...common,
    summary: 'End all shares of a server',
    tags: ['shares'],
    answers: answers({ 204: null }, 404),
    scope: anyOf('shares'),
    async handle(context) {
      const { owner, server: name } = context.params;
      await shares.revokeAll(actorOf(context), await requireShared(deps, { owner, name }));
      return empty(204);
    },
  });
}

type Target = Pick<Recipient, 'kind' | 'name'>;

/** R114: a user or a group, not both. */
function targetOf(body: JsonValue | undefined): Target {
  const wish = objectBody(body ?? {}, 'body must be a json dict');
  checkKeys(wish, shareBody);
  const { user = null, group = null } = wish;
  if (typeof user === 'string' && group === null) return { kind: 'user', name: user };
  if (typeof group === 'string' && user === null) return { kind: 'group', name: group };
  throw new HubError('HUB_BAD_REQUEST', 'Specify exactly one of `user` or `group`');
}

async function findRecipient({ users, groups }: ApiDeps, { kind, name }: Target): Promise<Recipient | null> {
  const found = await (kind === 'user' ? users.get(name) : groups.get(name));
  return found && { kind, id: found.id, name: found.name };
}
