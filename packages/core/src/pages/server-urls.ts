import { quoteName, serverPrefix } from '../kernel/index.ts';
import type { PagePlaces } from './deps.ts';

/** A server as addresses name it. */
export interface ServerName {
  readonly user: string;
  /** `''` for the default server. */
  readonly server: string;
}

/** The addresses of one server. */
export interface ServerUrls {
  /** Where it is opened: `/user/ada/gpu/`. */
  readonly open: string;
  /** `{H}spawn/ada/gpu`. */
  readonly spawn: string;
  /** `{H}spawn-pending/ada/gpu`. */
  readonly pending: string;
  /** `{H}api/users/ada/servers/gpu`. */
  readonly api: string;
}

export function serverUrls({ baseUrl, hubPrefix }: PagePlaces, { user, server }: ServerName): ServerUrls {
  const rest = `${quoteName(user)}${server === '' ? '' : `/${quoteName(server)}`}`;
  const resource = server === '' ? 'server' : `servers/${quoteName(server)}`;
  return {
    open: serverPrefix(baseUrl, user, server),
    spawn: `${hubPrefix}spawn/${rest}`,
    pending: `${hubPrefix}spawn-pending/${rest}`,
    api: `${hubPrefix}api/users/${quoteName(user)}/${resource}`,
  };
}

/** The address with `next`, where there is one. */
export function withNext(url: string, next: string | null): string {
  return next ? `${url}?next=${encodeURIComponent(next)}` : url;
}

/** A server as sentences of the contract name it: `ada`, `ada:gpu`. */
export function fullName({ user, server }: ServerName): string {
  return server === '' ? user : `${user}:${server}`;
}
