import type {
  Authenticator,
  Awaitable,
  Clock,
  Identity,
  Logger,
  PluginInstance,
  RequestContext,
  UserView,
} from '@hub/core/plugin';
import { isHubError } from '@hub/core/plugin';
import { createAuthenticator } from '../../src/create-authenticator.ts';
import type { Provider } from '../../src/provider.ts';
import type { FakeProvider } from './fake-provider.ts';

/** How a sign-in ended, seen from the hub. */
export interface Outcome {
  /**
   * What this authenticator decides: `in` by a rule of its own; `known`, for the hub's lists to decide; `refused`
   * whatever they say.
   */
  readonly verdict: 'in' | 'known' | 'refused';
  readonly name: string | null;
  readonly identity: Identity | null;
  /** What the person is told instead; the status is the answer's. */
  readonly refusal: { readonly status: number; readonly sentence: string } | null;
  /** Query of the authorization request. */
  readonly asked: URLSearchParams;
}

/** An authenticator outside any hub, with the provider in front of it in the place of the network. */
export interface Door {
  readonly authenticator: Authenticator;
  readonly warnings: readonly string[];
  readonly logged: readonly { readonly level: string; readonly fields: object; readonly message: string }[];
  /** Goes to the provider and comes back, as a browser does. */
  signIn(): Promise<Outcome>;
}

interface Factory {
  readonly preset: {
    readonly title: string;
    provider(options: never): Provider;
    warnings?(options: never): readonly string[];
  };
}

const nobody = { verdict: 'refused', name: null, identity: null } as const;
const hubOrigin = 'http://127.0.0.1:8000';

/**
 * Opens a door with the preset's own code and the package's real flow.
 *
 * @example
 * const door = await openDoor(githubAuthenticator, githubAuthenticator({ ...client }), provider);
 */
export async function openDoor(
  factory: Factory,
  instance: PluginInstance<Authenticator>,
  provider: FakeProvider,
): Promise<Door> {
  const defaults = Object.fromEntries(
    Object.entries(instance.schema.properties).flatMap(([name, { default: value }]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
  // What the hub makes of them: checked there, defaults filled in.
  const options = { ...defaults, ...instance.options } as never;
  const logged: { level: string; fields: object; message: string }[] = [];
  const warnings = factory.preset.warnings?.(options) ?? [];
  const authenticator = createAuthenticator({
    id: instance.id,
    title: factory.preset.title,
    options,
    provider: factory.preset.provider(options),
    warnings,
    log: recorder(logged),
    clock: realClock,
    fetch: provider.fetch,
  });
  const routes = new Map<string, (context: RequestContext) => Awaitable<void>>();
  authenticator.routes?.({
    route: (method, path, _options, handle) => void routes.set(`${method} ${path}`, handle),
  });
  const call = async (path: string, context: RequestContext) => {
    const handle = routes.get(`GET ${path}`);
    if (!handle) throw new Error(`there is no route ${path}`);
    await handle(context);
  };

  return {
    authenticator,
    warnings,
    logged,
    async signIn() {
      const jar = new Map<string, string>();
      const away = visit('/oauth_login', jar);
      let asked = new URLSearchParams();
      try {
        await call('/oauth_login', away.context);
        if (away.seen.refusal) return { ...nobody, refusal: away.seen.refusal, asked };
        asked = new URL(away.seen.redirect ?? '').searchParams;
        const answer = await fetch(provider.here(away.seen.redirect ?? ''), { redirect: 'manual' });
        const back = new URL(answer.headers.get('location') ?? '');
        const home = visit(`/oauth_callback${back.search}`, jar);
        await call('/oauth_callback', home.context);
        const { identity, refusal } = home.seen;
        if (refusal) return { ...nobody, refusal, asked };
        if (!identity) throw new Error(`nobody was signed in: ${JSON.stringify(home.seen)}`);
        const name = (await authenticator.normalizeName?.(identity.name)) ?? identity.name.toLowerCase();
        const verdict = await judge(authenticator, name, identity);
        return { verdict, name, identity, refusal: null, asked };
      } catch (error) {
        if (!isHubError(error)) throw error;
        return { ...nobody, refusal: { status: error.status, sentence: error.message }, asked };
      }
    },
  };
}

/** Asks again as a hub does, and then whether somebody may still come in (P126); `refused` also for a login that ends. */
export async function refreshOf(
  door: Door,
  { identity, name }: Outcome,
): Promise<Pick<Outcome, 'verdict' | 'identity'>> {
  const user: UserView = {
    id: '1',
    name: name ?? '',
    escapedName: name ?? '',
    admin: false,
    groups: [],
    created: '2026-01-01T00:00:00Z',
  };
  const answer = await door.authenticator.refresh?.(
    user,
    JSON.parse(JSON.stringify(identity?.authState ?? null)),
    {
      subject: identity?.subject ?? '',
      forced: true,
    },
  );
  if (typeof answer !== 'object') return { verdict: answer === true ? 'in' : 'refused', identity };
  const now: Identity = { name: name ?? '', ...answer };
  return { verdict: await judge(door.authenticator, now.name, now), identity: now };
}

async function judge(
  authenticator: Authenticator,
  name: string,
  identity: Identity,
): Promise<Outcome['verdict']> {
  if ((await authenticator.isBlocked?.(name, identity)) ?? false) return 'refused';
  return ((await authenticator.isAllowed?.(name, identity)) ?? false) ? 'in' : 'known';
}

function visit(pathAndQuery: string, jar: Map<string, string>) {
  const seen: {
    redirect?: string;
    identity?: Identity;
    refusal?: { status: number; sentence: string };
    status?: number;
  } = {};
  const url = new URL(`/hub${pathAndQuery}`, hubOrigin);
  const context: RequestContext = {
    method: 'GET',
    url: `${url.pathname}${url.search}`,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { cookie: [...jar].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('; ') },
    ip: '127.0.0.1',
    origin: hubOrigin,
    user: null,
    form: {},
    body: undefined,
    safeNext: (next) => next ?? null,
    urlOf: (path) => `${hubOrigin}/hub${path}`,
    cookies: {
      get: (name) => jar.get(name) ?? null,
      set: (name, value) => void jar.set(name, value),
      clear: (name) => void jar.delete(name),
    },
    signIn: async (identity) => {
      seen.identity = identity;
    },
    refuse: async (sentence, _next, status = 403) => {
      seen.refusal = { status, sentence };
    },
    xsrfToken: () => 'xsrf',
    endLogins: async () => 0,
    redirect: (to) => {
      seen.redirect = to;
    },
    send: (status) => {
      seen.status = status;
    },
  };
  return { context, seen };
}

function recorder(lines: { level: string; fields: object; message: string }[]): Logger {
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields, message });
  const log: Logger = {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  return log;
}

const realClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  every: () => () => undefined,
};
