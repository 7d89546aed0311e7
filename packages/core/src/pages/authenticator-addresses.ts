import type { PagePlaces } from './deps.ts';

/** Where the routes of authenticators are reached: below `{H}auth/<id>`, and for one of them below `H` (W26a). */
export class AuthenticatorAddresses {
  readonly #hubPrefix: string;
  readonly #short = new Set<string>();

  constructor({ hubPrefix }: Pick<PagePlaces, 'hubPrefix'>) {
    this.#hubPrefix = hubPrefix;
  }

  /** From now on this route is known by its short address. */
  shorten(id: string, path: string): void {
    this.#short.add(key(id, path));
  }

  /** The whole path of a route, short where there is such; a query stays. */
  pathOf(id: string, route: string): string {
    const whole = route.startsWith('/') ? route : `/${route}`;
    const [path = ''] = whole.split('?', 1);
    const mount = this.#short.has(key(id, path)) ? '' : `/auth/${id}`;
    return `${this.#hubPrefix.slice(0, -1)}${mount}${whole}`;
  }
}

/** No id holds a slash. */
function key(id: string, path: string): string {
  return `${id}${path}`;
}
