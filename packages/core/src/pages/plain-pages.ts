import type {
  LoginPage,
  LoginWay,
  NotRunningPage,
  PageContext,
  PageEvent,
  PageServer,
  Pages,
  TokenPage,
} from '../plugin/index.ts';
import { type Markup, markup, type Part } from './markup.ts';
import { spawnBody } from './plain-spawn.ts';

/**
 * Pages without a look, for a hub without a plugin that brings one: what must be done by browser can be done,
 * without scripts and styles.
 */
export const plainPages: Pages = {
  assets: { folder: '', hash: '', logoFile: '', faviconFile: '' },
  login: (context, page) => document(context, 'Sign in', loginBody(context, page)),
  logout: (context) =>
    document(
      context,
      'Signed out',
      markup`<p>Successfully logged out.</p>${link(context.loginUrl, 'Sign in')}`,
    ),
  home: (context, { defaultServer, named, shared }) =>
    document(
      context,
      'Home',
      markup`<ul>${[defaultServer, ...(named?.servers ?? []), ...shared].map(serverLine)}</ul>`,
    ),
  spawn: (context, page) => document(context, `Start ${title(page.server)}`, spawnBody(page)),
  spawnPending: (context, { server, queue, events }) =>
    document(
      context,
      `${title(server)} is starting`,
      markup`<p>${queue === null ? 'It takes a moment.' : `Starts before this one: ${queue}`}</p>${story(events)}`,
      3,
    ),
  stopPending: (context, { server, events }) =>
    document(
      context,
      `${title(server)} is stopping`,
      markup`<p>${server.message ?? 'It takes a moment.'}</p>${story(events)}`,
      5,
    ),
  notRunning: (context, page) =>
    document(context, 'Server not running', notRunningBody(page), page.implicitStartSeconds, page.startUrl),
  token: (context, page) => document(context, 'Tokens', tokenBody(page)),
  oauth: (context, { client, allowedScopes, scopes, action, redirectUri }) =>
    document(
      context,
      'Authorize access',
      markup`<p>${client.description} (${client.id}) wants to:</p>
<ul>${scopes.map(({ description, filter }) => markup`<li>${description}${filter && ` (${filter})`}</li>`)}</ul>
<p>You will be led to ${redirectUri}</p>
<form method="post" action="${action}"><input type="hidden" name="_xsrf" value="${context.xsrfToken}">
${allowedScopes.map((scope) => markup`<input type="hidden" name="scopes" value="${scope}">`)}
<p><button>Authorize</button> <button name="deny" value="1">Deny</button></p></form>`,
    ),
  acceptShare: (context, { server, code, next, action, scopes }) =>
    document(
      context,
      'Accept a share',
      markup`<p>${server.owner} shares ${title(server)} with you:</p>
<ul>${scopes.map(({ description }) => markup`<li>${description}</li>`)}</ul>
<form method="post" action="${action}"><input type="hidden" name="_xsrf" value="${context.xsrfToken}">
<input type="hidden" name="code" value="${code}"><input type="hidden" name="next" value="${next}">
<p><button>Accept</button></p></form>`,
    ),
  error: (context, { status, statusText, message, requested }) =>
    document(
      context,
      `${status} : ${statusText}`,
      markup`${message && markup`<p>${message}</p>`}${requested && markup`<p>${requested}</p>`}`,
    ),
};

function document(context: PageContext, heading: string, body: Markup, refresh = 0, to = ''): string {
  const again =
    refresh > 0 ? markup`<meta http-equiv="refresh" content="${refresh}${to && `;url=${to}`}">` : null;
  const { user, baseUrl, logoutUrl } = context;
  const navigation =
    user &&
    markup`<p>${link(`${baseUrl}home`, 'Home')} ${link(`${baseUrl}token`, 'Tokens')} ${user.name} ${link(logoutUrl, 'Sign out')}</p>`;
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${heading}</title>${again}</head>
<body>${navigation}<h1>${heading}</h1>
${body}
</body></html>
`.markup;
}

function link(href: string, text: string): Markup {
  return markup`<a href="${href}">${text}</a>`;
}

function title({ owner, name, displayName }: PageServer): string {
  return displayName || (name === '' ? `the server of ${owner}` : name);
}

function serverLine(server: PageServer): Markup {
  const href = server.phase === 'ready' ? server.url : server.spawnUrl;
  const { profile, message } = server;
  return markup`<li>${link(href, title(server))}${profile && `, ${profile}`} (${server.phase})${message && ` ${message}`}</li>`;
}

function story(events: readonly PageEvent[]): Part {
  if (events.length === 0) return null;
  return markup`<ol>${events.map(({ at, message }) => markup`<li><time datetime="${at}">${at}</time> ${message}</li>`)}</ol>`;
}

function loginBody(context: PageContext, { ways, username, error }: LoginPage): Markup {
  return markup`${error && markup`<p role="alert">${error}</p>`}${ways.map((way) => loginWay(context, way, username))}`;
}

function loginWay(context: PageContext, way: LoginWay, username: string): Markup {
  if (way.kind === 'button') return markup`<p>${link(way.href, way.label)}</p>`;
  const hidden = Object.entries({ ...way.hidden, _xsrf: context.xsrfToken });
  const fields = way.fields.map(({ name, label = name, type }) => {
    const kind = type ?? (name === 'password' ? 'password' : 'text');
    const value = name === 'username' ? username : '';
    return markup`<p><label>${label} <input name="${name}" type="${kind}" value="${value}"></label></p>`;
  });
  return markup`<form method="post" action="${way.action}">
${hidden.map(([name, value]) => markup`<input type="hidden" name="${name}" value="${value}">`)}
${fields}
<p><button>Sign in</button></p></form>`;
}

function notRunningBody({ server, startUrl, failure }: NotRunningPage): Markup {
  const why =
    failure &&
    markup`<p role="alert">Spawn failed: ${failure.message ?? failure.cause}</p>
<p>${failure.hint}</p><p>${failure.reference}</p>${story(failure.events)}${failure.log && markup`<pre>${failure.log.join('\n')}</pre>`}`;
  return markup`${why ?? markup`<p>${title(server)} is not running.</p>`}<p>${link(startUrl, 'Start it')}</p>`;
}

function tokenBody({ tokens, clients, apiUrl }: TokenPage): Markup {
  const lines = [
    ...tokens.map(({ id, note }) => markup`<li>${id}: ${note}</li>`),
    ...clients.map(({ description }) => markup`<li>${description}</li>`),
  ];
  return markup`<ul>${lines}</ul><p>Made and revoked by requests to ${apiUrl}</p>`;
}
