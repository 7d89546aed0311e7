import type { Clock, RequestContext } from '@hub/core/plugin';

/** A sign-in that was begun has to be finished in this time. Seconds. */
const flowLifetime = 900;
/** More tabs than this are not waiting at the provider; browsers may send 16 kB of headers in all. */
const mostFlows = 8;
/** A longer address would not fit into a cookie. */
const longestNext = 1500;

/** What the hub has to remember while somebody is at the provider. */
export interface Flow {
  /** Goes to the provider and comes back. */
  readonly state: string;
  readonly nonce: string | null;
  readonly verifier: string | null;
  /** Where to go afterwards. */
  readonly next: string | null;
}

type Context = Pick<RequestContext, 'cookies' | 'headers'>;

/**
 * Flows live in the browser that began them, one signed cookie each, so that another browser cannot finish them and
 * several tabs do not disturb each other (W26a). Each is good once.
 */
export class Flows {
  readonly #clock: Clock;
  /** Those finished here, by state, with the end of their life. The provider's codes are good once, too. */
  readonly #spent = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin({ cookies, headers }: Context, flow: Flow): void {
    const now = this.#seconds();
    const open = openFlows(headers.cookie).map((name) => ({
      name,
      began: read(cookies.get(name))?.began ?? 0,
    }));
    open.sort((a, b) => b.began - a.began);
    for (const { name } of open.slice(mostFlows - 1)) cookies.clear(name);
    const next = flow.next !== null && flow.next.length <= longestNext ? flow.next : null;
    const { state, nonce, verifier } = flow;
    cookies.set(nameOf(state), JSON.stringify([now, state, nonce, verifier, next]), { maxAge: flowLifetime });
  }

  /** The flow this answer belongs to, if this browser began it and it is unfinished. Ends it. */
  finish({ cookies }: Pick<Context, 'cookies'>, state: string): Flow | null {
    if (!/^[\w-]{20,}$/.test(state)) return null;
    const name = nameOf(state);
    const stored = read(cookies.get(name));
    if (!stored) return null;
    cookies.clear(name);
    const now = this.#seconds();
    if (stored.flow.state !== state || stored.began + flowLifetime <= now || this.#spent.has(state))
      return null;
    for (const [old, end] of this.#spent) if (end <= now) this.#spent.delete(old);
    this.#spent.set(state, now + flowLifetime);
    return stored.flow;
  }

  #seconds(): number {
    return Math.floor(this.#clock.now().getTime() / 1000);
  }
}

function nameOf(state: string): string {
  return `flow-${state.slice(0, 16)}`;
}

/** Names of the flow cookies that the browser sent; their values are read by `cookies.get`. */
function openFlows(header: string | undefined): readonly string[] {
  return [...(header ?? '').matchAll(/\b(flow-[\w-]{16})=/g)].flatMap(([, name]) => (name ? [name] : []));
}

function read(text: string | null): { readonly began: number; readonly flow: Flow } | null {
  const [began, state, nonce, verifier, next]: unknown[] = parsed(text);
  if (typeof began !== 'number' || typeof state !== 'string') return null;
  return { began, flow: { state, nonce: textOr(nonce), verifier: textOr(verifier), next: textOr(next) } };
}

/** The signature says it is ours, but perhaps of an older version. */
function parsed(text: string | null): unknown[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function textOr(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
