import type { PageContext, PageServer } from '@hub/core/plugin';
import type { Texts } from '../texts.ts';

/** A server as templates see it; `name`, `url`, `active`, `ready` and `pending` are the names of W120's `spawner`. */
export interface ServerVariables {
  readonly name: string;
  readonly [field: string]: unknown;
}

/** Turns a server into template variables, with the words that name it. */
export function serverVariables(server: PageServer, { user }: PageContext, texts: Texts): ServerVariables {
  const common = texts.common ?? {};
  const own = user?.name === server.owner;
  const busy = server.phase === 'queued' || server.phase === 'starting';
  const ofOwner = fillText(common.mainServerOf, { owner: server.owner });
  const named = server.displayName || server.name;
  const namedOf = own ? named : fillText(common.serverOf, { server: named, owner: server.owner });
  return {
    name: server.name,
    display_name: server.displayName,
    owner: server.owner,
    own,
    /** On its own: “Main server”. */
    title: named || (own ? common.mainServer : ofOwner),
    /** At the beginning of a sentence. */
    subject: named ? namedOf : own ? common.yourMainServer : ofOwner,
    /** Inside a sentence. */
    object: named ? namedOf : own ? common.theMainServer : ofOwner,
    phase: server.phase,
    active: busy || server.phase === 'ready' || server.phase === 'stopping',
    ready: server.phase === 'ready',
    pending: busy ? 'spawn' : server.phase === 'stopping' ? 'stop' : null,
    url: server.url,
    spawn_url: server.spawnUrl,
    pending_url: server.pendingUrl,
    api_url: server.apiUrl,
    started: server.started,
    last_activity: server.lastActivity,
    profile: server.profile,
    progress: server.progress,
    message: server.message,
    has_options_form: server.hasOptionsForm,
  };
}

function fillText(text: string | undefined, values: Readonly<Record<string, string>>): string {
  return (text ?? '').replace(/\{(\w+)\}/g, (all, name: string) => values[name] ?? all);
}
