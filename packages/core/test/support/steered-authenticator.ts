import {
  Authenticator,
  definePlugin,
  type Identity,
  type JsonObject,
  type ManagedRole,
  type PluginInstance,
} from '../../src/plugin/index.ts';
import { Browser, type Reply } from './browser.ts';

/** Who a provider says people are, by what they typed as name; a test changes it at any time. */
export interface Provider {
  /** What a sign-in brings besides the name. */
  readonly identities: Map<string, Partial<Identity>>;
  /** What a refresh answers, by user; true unless told. A function is called each time. */
  readonly refreshes: Map<
    string,
    boolean | Partial<Identity> | (() => Promise<boolean | Partial<Identity>> | boolean | Partial<Identity>)
  >;
  /** What it was asked, oldest first: `refresh ada`, `forced ada`. */
  readonly asked: string[];
  /** The state handed to each refresh and each `beforeSpawn`. */
  readonly states: (JsonObject | null)[];
  /** For `loadManagedRoles`. */
  managedRoles: readonly ManagedRole[];
}

export function provider(): Provider {
  return { identities: new Map(), refreshes: new Map(), asked: [], states: [], managedRoles: [] };
}

/** An authenticator over such a provider; everybody's password is their name. */
export function steeredAuthenticator(
  told: Provider,
  more: Partial<Authenticator> = {},
  id = 'steered',
): PluginInstance<Authenticator> {
  const { identities, refreshes, asked, states } = told;
  const plugin = definePlugin({
    name: '@hub/testing/steered',
    version: '1',
    api: 1,
    provides: Authenticator,
    options: { type: 'object', properties: {}, additionalProperties: false },
    create: (): Authenticator => ({
      login: { form: { fields: ['username', 'password'] } },
      authenticate: async (_request, { username = '', password }) =>
        password === username ? { name: username, ...identities.get(username) } : null,
      async refresh(user, authState, { forced }) {
        asked.push(`${forced ? 'forced' : 'refresh'} ${user.name}`);
        states.push(authState);
        const answer = refreshes.get(user.name) ?? true;
        return typeof answer === 'function' ? answer() : answer;
      },
      beforeSpawn(_user, _server, authState) {
        states.push(authState);
      },
      loadManagedRoles: async () => told.managedRoles,
      ...more,
    }),
  });
  return plugin({}, { id });
}

/** A browser that filled in the form; the answer to it. */
export async function enter(
  origin: string,
  username: string,
  authenticator = 'steered',
): Promise<{ readonly browser: Browser; readonly answer: Reply }> {
  const browser = new Browser(origin);
  await browser.get('/hub/login');
  const answer = await browser.post(`/hub/login?authenticator=${authenticator}`, {
    username,
    password: username,
    _xsrf: browser.cookie('_xsrf') ?? '',
  });
  return { browser, answer };
}

/** The messages of errors in log lines, and of their causes. */
export function errorsIn(log: readonly { readonly fields: Readonly<Record<string, unknown>> }[]): string[] {
  return log.flatMap(({ fields: { err } }) => (err instanceof Error ? [err.message] : []));
}
