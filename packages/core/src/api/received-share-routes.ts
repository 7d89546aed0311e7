import { anyOf, empty, type HttpServer, json, on } from '../http/index.ts';
import { HubError } from '../plugin/index.ts';
import type { Recipient, ServerNames, SharedServer, ShareRecord } from '../sharing/index.ts';
import { type ApiDeps, actorOf, requireUser } from './context.ts';
import { answers, pageQuery } from './schemas/index.ts';
import { shareModel } from './share-models.ts';
import { findShared, listed } from './shared-server.ts';

/** What others share with a user or a group: list, read, leave (R119). */
export function receivedShareRoutes({ api }: Pick<HttpServer, 'api'>, deps: ApiDeps): void {
  const { shares, places } = deps;
  const kinds = [
    { kind: 'user', path: '/users/:name', read: 'read:users:shares', leave: 'users:shares' },
    { kind: 'group', path: '/groups/:name', read: 'read:groups:shares', leave: 'groups:shares' },
  ] as const;

  for (const { kind, path, read, leave } of kinds) {
    const target = ({ params }: { readonly params: { readonly name: string } }) =>
      kind === 'user' ? on.user(params.name) : on.group(params.name);

    api.route('GET', `${path}/shared`, {
      summary: `List what is shared with a ${kind}`,
      tags: ['shares'],
      answers: answers({ 200: 'ShareList' }, 404),
      accepts: { query: pageQuery },
      scope: anyOf(read),
      on: target,
      async handle(context) {
        const { id } = await requireRecipient(deps, kind, context.params.name);
        return json(
          await listed(
            deps,
            context,
            (slice) => shares.page({ kind, id }, slice),
            (share) => shareModel(share, places),
          ),
        );
      },
    });

    api.route('GET', `${path}/shared/:owner/:server`, {
      summary: `Read what of a server is shared with a ${kind}`,
      tags: ['shares'],
      answers: answers({ 200: 'Share' }, 404),
      scope: anyOf(read),
      on: target,
      mayBeEmpty: ['server'],
      async handle({ params }) {
        const { share } = await requireShare(deps, kind, params.name, namesOf(params));
        return json(shareModel(share, places));
      },
    });

    api.route('DELETE', `${path}/shared/:owner/:server`, {
      summary: `End what of a server is shared with a ${kind}`,
      tags: ['shares'],
      answers: answers({ 204: null }, 404),
      scope: anyOf(leave),
      on: target,
      mayBeEmpty: ['server'],
      async handle(context) {
        const { params } = context;
        const found = await requireShare(deps, kind, params.name, namesOf(params));
        await shares.revoke(actorOf(context), found.server, found.recipient, null);
        return empty(204);
      },
    });
  }
}

function namesOf(params: { readonly owner: string; readonly server: string }): ServerNames {
  return { owner: params.owner, name: params.server };
}

/** @throws HubError 404. */
async function requireRecipient(deps: ApiDeps, kind: Recipient['kind'], name: string): Promise<Recipient> {
  const { id } = await (kind === 'user' ? requireUser(deps, name) : deps.groups.require(name));
  return { kind, id, name };
}

/** The share given to this very user or group. @throws HubError 404, the same whatever of it is missing. */
async function requireShare(
  deps: ApiDeps,
  kind: Recipient['kind'],
  name: string,
  names: ServerNames,
): Promise<{
  readonly server: SharedServer;
  readonly recipient: Recipient;
  readonly share: ShareRecord;
}> {
  const missing = new HubError(
    'HUB_NOT_FOUND',
    `No such share for ${kind} ${name} on ${names.owner}/${names.name}`,
  );
  const found = await (kind === 'user' ? deps.users.get(name) : deps.groups.get(name));
  const server = found && (await findShared(deps, names));
  if (!found || !server) throw missing;
  const recipient = { kind, id: found.id, name };
  const share = await deps.shares.find(server, recipient);
  if (!share) throw missing;
  return { server, recipient, share };
}
