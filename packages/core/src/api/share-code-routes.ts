import { anyOf, type Context, empty, type HttpServer, json, on } from '../http/index.ts';
import { HubError, type JsonValue } from '../plugin/index.ts';
import { type CodesMeant, scopesToShare, shareCodeLife } from '../sharing/index.ts';
import { objectBody } from './body.ts';
import { type ApiDeps, actorOf } from './context.ts';
import { answers, codesQuery, newShareCodeBody, pageQuery } from './schemas/index.ts';
import { newShareCodeModel, shareCodeModel } from './share-models.ts';
import { askedScopes, listed, requireShared, requireToHold, serversMeant } from './shared-server.ts';

type Params = { readonly params: { readonly owner: string; readonly server: string } };

/** Codes that share a server with whoever has them: list, make, delete (R121). */
export function shareCodeRoutes({ api }: Pick<HttpServer, 'api'>, deps: ApiDeps): void {
  const { shareCodes, places } = deps;
  const server = ({ params }: Params) => on.server(params.owner, params.server);
  const common = { on: server, mayBeEmpty: ['server'] };

  async function list(context: Context, owner: string, name?: string) {
    const of = await serversMeant(deps, owner, name);
    return json(
      await listed(
        deps,
        context,
        (slice) => shareCodes.page(of, slice),
        (record) => shareCodeModel(record, places),
      ),
    );
  }

  api.route('GET', '/share-codes/:owner', {
    summary: "List share codes of a user's servers",
    tags: ['shares'],
    answers: answers({ 200: 'ShareCodeList' }, 404),
    accepts: { query: pageQuery },
    scope: anyOf('read:shares'),
    on: ({ params }) => on.user(params.owner),
    handle: (context) => list(context, context.params.owner),
  });

  api.route('GET', '/share-codes/:owner/:server', {
    ...common,
    summary: 'List share codes of a server',
    tags: ['shares'],
    answers: answers({ 200: 'ShareCodeList' }, 404),
    accepts: { query: pageQuery },
    scope: anyOf('read:shares'),
    handle: (context) => list(context, context.params.owner, context.params.server),
  });

  api.route('POST', '/share-codes/:owner/:server', {
    ...common,
    summary: 'Make a share code',
    tags: ['shares'],
    answers: answers({ 200: 'NewShareCode' }, 404),
    accepts: { body: newShareCodeBody },
    bodyOptional: true,
    scope: anyOf('shares'),
    async handle(context) {
      const names = { owner: context.params.owner, name: context.params.server };
      const expiresIn = lifeOf(context.body);
      const scopes = scopesToShare(deps.table, names, askedScopes(context.body));
      const shared = await requireShared(deps, names);
      requireToHold(context, scopes, await deps.grants.membershipOf(new Set([names.owner])));
      const { code, record } = await shareCodes.create(actorOf(context), shared, scopes, expiresIn);
      return json(newShareCodeModel(record, code, places));
    },
  });

  api.route('DELETE', '/share-codes/:owner/:server', {
    ...common,
    summary: 'Delete one share code of a server, or all',
    tags: ['shares'],
    answers: answers({ 204: null }, 404),
    accepts: { query: codesQuery },
    scope: anyOf('shares'),
    async handle(context) {
      const { owner, server: name } = context.params;
      const shared = await requireShared(deps, { owner, name });
      await shareCodes.remove(actorOf(context), shared, codesMeant(context.query));
      return empty(204);
    },
  });
}

function lifeOf(body: JsonValue | undefined): number {
  const wish = objectBody(body ?? {}, 'body must be a json dict');
  const unknown = Object.keys(wish).find((key) => !Object.hasOwn(newShareCodeBody.properties, key));
  if (unknown !== undefined) throw new HubError('HUB_BAD_REQUEST', `Unexpected field: ${unknown}`);
  return shareCodeLife(wish.expires_in);
}

function codesMeant({ code, id }: Readonly<Record<string, string | undefined>>): CodesMeant {
  if (code !== undefined) return { code };
  return id === undefined ? 'all' : { id };
}
