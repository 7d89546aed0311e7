interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

/**
 * The cookies of one origin, each sent only below its path: the hub, servers and services all have an `_xsrf` of
 * their own.
 */
export class CookieJar {
  readonly #cookies = new Map<string, Cookie>();

  /** Value of a cookie: as a request for `path` sends it, or of the last one set when no path is given. */
  get(name: string, path?: string): string | undefined {
    const all = path === undefined ? [...this.#cookies.values()].reverse() : this.#of(path);
    return all.find((cookie) => cookie.name === name)?.value;
  }

  /** What a request for `path` sends; empty for nothing. */
  header(path: string): string {
    return this.#of(path)
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }

  /** Keeps what an answer to a request for `path` sets. An empty value or a time gone by takes a cookie away. */
  keep(line: string, path: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    const own = /; *path=(\/[^;]*)/i.exec(line)?.[1]?.trim() ?? folderOf(path);
    const expires = /; *expires=([^;]+)/i.exec(line)?.[1];
    const isOver =
      /; *max-age=0(;|$)/i.test(line) || (expires !== undefined && Date.parse(expires) <= Date.now());
    const key = `${name} ${own}`;
    this.#cookies.delete(key);
    if (value !== '' && !isOver) this.#cookies.set(key, { name, value, path: own });
  }

  /** The longest path first, as RFC 6265 wants them sent. */
  #of(path: string): Cookie[] {
    const sent = [...this.#cookies.values()].filter(
      (cookie) => path === cookie.path || path.startsWith(cookie.path.replace(/\/?$/, '/')),
    );
    return sent.sort((a, b) => b.path.length - a.path.length);
  }
}

/** Where a cookie belongs that names no path. */
function folderOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}
