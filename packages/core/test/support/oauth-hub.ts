import type { AddressInfo } from 'node:net';
import { builtInScopeTable, clientAllowedScopes, defaultRoles } from '../../src/access/index.ts';
import { createHttpServer, html, json, redirect } from '../../src/http/index.ts';
import { sessions } from '../../src/hub/sessions.ts';
import { randomIds, systemClock } from '../../src/kernel/index.ts';
import { type OAuthDeps, oauthRoutes } from '../../src/oauth/index.ts';
import type { OAuthPage } from '../../src/plugin/index.ts';
import { openAccounts, tester } from './accounts.ts';
import { Browser } from './browser.ts';
import { silentLogger } from './silent-logger.ts';

/** A hub with nothing but accounts, log-in, `GET /user` and the OAuth provider, on a real port. */
export type OAuthHub = Awaited<ReturnType<typeof openOAuthHub>>;

/** Starts one. `change` replaces parts of what the provider is made with. */
export async function openOAuthHub(
  change: Partial<OAuthDeps> = {},
  { basePath = '/', port = 0 }: { basePath?: string; port?: number } = {},
) {
  const accounts = await openAccounts();
  const { clients, codes, grants, work, events, sql, logins, credentials } = accounts;
  const hubPath = `${basePath}hub/`;
  const consents: OAuthPage[] = [];
  const membersOf = async (user: string) => (await grants.membershipOf(new Set([user]))).groupsOf(user);
  const server = createHttpServer({
    sessions: sessions(credentials),
    memberships: { groupsOf: membersOf },
    clock: systemClock,
    ids: randomIds,
    log: silentLogger,
    cookies: {
      secret: Buffer.alloc(32, 7),
      basePath,
      hubPath,
      maxAgeDays: 14,
      hostPrefix: false,
      sessionDomain: null,
      options: {},
    },
    forwarded: { trustedDownstream: new Set(), trustRealIp: true },
    anonymousId: { headers: ['User-Agent'], cidrs: [] },
    publicUrl: '',
    subdomainHost: null,
    compatibleVersion: '6.1.1',
    headers: {},
  });
  const noConfirm = new Set<string>();
  const provider = oauthRoutes({
    clients,
    codes,
    tokens: accounts.tokenStore,
    grants,
    table: builtInScopeTable,
    ids: randomIds,
    work,
    events,
    log: silentLogger,
    tokenSeconds: 1_209_600,
    requirePkce: false,
    roleScopes: (name) => Object.values(defaultRoles).find((role) => role.name === name)?.scopes,
    noConfirm: (service) => noConfirm.has(service),
    loginUrl: (next) => `${hubPath}login?next=${encodeURIComponent(next)}`,
    async showConsent(context, page) {
      consents.push(page);
      return html(`<input name="_xsrf" value="${context.xsrfToken()}">`);
    },
    ...change,
  });
  provider.register(server);

  server.hub.route('GET', '/login', { identity: 'anyone', handle: ({ xsrfToken }) => html(xsrfToken()) });
  server.hub.route('POST', '/login', {
    identity: 'anyone',
    xsrf: false,
    async handle(context) {
      const user = await accounts.users.get(context.form.get('username') ?? '');
      if (!user) return html('no such user', 403);
      const origin = {
        authenticator: 'test',
        subject: user.name,
        providerSession: null,
        sessionId: context.ensureSessionId(),
        userAgent: '',
        ip: context.ip,
      };
      const { id, secret } = await logins.start(tester, user, origin);
      context.signIn({ secret, loginId: String(id) });
      return redirect(context.safeNext(context.query.next) ?? hubPath);
    },
  });
  server.hub.route('GET', '/logout', {
    identity: 'user',
    async handle(context) {
      const { caller } = context;
      if (caller.kind === 'cookie') {
        const user = { id: Number(caller.owner.user.id), name: caller.owner.user.name };
        await logins.end(tester, user, Number(caller.loginId), context.sessionId);
      }
      context.signOut();
      return redirect(`${hubPath}login`);
    },
  });
  server.api.route('GET', '/user', {
    identity: 'any',
    handle({ caller }) {
      if (caller.kind === 'anonymous') return html('', 403);
      const { owner, scopes } = caller;
      const groups = owner.kind === 'user' ? owner.user.groups : [];
      const name = owner.kind === 'user' ? owner.user.name : owner.name;
      return json({
        name,
        kind: owner.kind,
        admin: false,
        groups,
        scopes: scopes.toStrings(),
        session_id: caller.sessionId,
      });
    },
  });
  await server.ready();
  await server.fastify.listen({ host: '127.0.0.1', port });
  const origin = `http://127.0.0.1:${(server.fastify.server.address() as AddressInfo).port}`;

  return {
    ...accounts,
    origin,
    hubPath,
    /** Consent pages shown so far. */
    consents,
    /** Names of services that ask nobody. */
    noConfirm,
    browser: () => new Browser(origin),
    /** A browser in which the user, made when new, is signed in. */
    async signIn(name: string): Promise<Browser> {
      if (!(await accounts.users.get(name))) await accounts.user(name);
      const browser = new Browser(origin);
      const { status } = await browser.post(`${hubPath}login`, { username: name });
      if (status !== 302) throw new Error(`sign-in answered ${status}`);
      return browser;
    },
    /** A service with an OAuth client `service-<name>` and the secret `<name>-secret`. */
    async service(name: string, redirectUri: string, scopes: readonly string[] = []): Promise<void> {
      const [row] = await sql`INSERT INTO services (name) VALUES (${name}) RETURNING id`;
      await clients.put({
        identifier: `service-${name}`,
        description: `JupyterHub service ${name}`,
        secret: `${name}-secret`,
        redirectUri,
        allowedScopes: clientAllowedScopes(scopes, { kind: 'service', service: name }),
        serviceId: Number(row?.id),
      });
    },
    /** A server with an OAuth client `jupyterhub-user-<user>` and the secret `<user>-secret`. */
    async server(user: string): Promise<void> {
      const owner = (await accounts.users.get(user)) ?? (await accounts.user(user));
      const [row] =
        await sql`INSERT INTO servers (user_id, name, spawner) VALUES (${owner.id}, '', 'test') RETURNING id`;
      await clients.put({
        identifier: `jupyterhub-user-${user}`,
        description: `Server at ${basePath}user/${user}/`,
        secret: `${user}-secret`,
        redirectUri: `${basePath}user/${user}/oauth_callback`,
        allowedScopes: clientAllowedScopes([], { kind: 'server', user, server: '' }),
        serverId: Number(row?.id),
      });
    },
    /** Gives a user further scopes by a role of their own. */
    async give(user: string, ...scopes: string[]): Promise<void> {
      await sql`WITH role AS (
          INSERT INTO roles (name, description, scopes) VALUES (${`role-${randomIds.hex32()}`}, '', ${JSON.stringify(scopes)}::jsonb)
          RETURNING id)
        INSERT INTO user_roles (user_id, role_id) SELECT users.id, role.id FROM users, role WHERE users.name = ${user}`;
      await sql`UPDATE users SET access_version = access_version + 1 WHERE name = ${user}`;
    },
    /** Takes everything but role `user` from a user. */
    async takeAll(user: string): Promise<void> {
      await sql`DELETE FROM user_roles USING users, roles WHERE users.id = user_id AND roles.id = role_id
        AND users.name = ${user} AND roles.name LIKE 'role-%'`;
      await sql`UPDATE users SET access_version = access_version + 1 WHERE name = ${user}`;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      server.fastify.server.closeAllConnections();
      await server.close();
      await accounts[Symbol.asyncDispose]();
    },
  };
}
