import type { PageContext, PageServer, Pages } from '@hub/core/plugin';
import { type Look, type PageVariables, pageVariables } from './page-variables.ts';
import type { Renderer } from './renderer.ts';
import { safeHtml } from './safe-html.ts';
import { failureVariables } from './views/failure.ts';
import { customFormVariables, type LoginForm, loginVariables } from './views/login.ts';
import { isPowerful, mayOpenFiles } from './views/scopes.ts';
import { serverVariables } from './views/server.ts';
import { spawnVariables } from './views/spawn.ts';
import { tokenVariables } from './views/token.ts';

/** The templates people override, by name (W120). */
export const pageTemplates = [
  'page.html',
  'login.html',
  'logout.html',
  'home.html',
  'spawn.html',
  'spawn_pending.html',
  'stop_pending.html',
  'not_running.html',
  'token.html',
  'oauth.html',
  'accept-share.html',
  'error.html',
  '404.html',
  '503.html',
] as const;

/** One function per page over the templates. */
export function createPages(renderer: Renderer, look: Look): Omit<Pages, 'assets'> {
  const { texts } = look;
  const show = async (template: string, context: PageContext, variables: PageVariables, page = '') =>
    renderer.render(template, await pageVariables(context, look, page, variables));
  const spawner = (context: PageContext, server: PageServer) => serverVariables(server, context, texts);

  return {
    async login(context, page) {
      const own = loginVariables(page, texts, look.templateVars.login_term_url);
      const variables = await pageVariables(context, look, 'login', own);
      // An authenticator's own form is a template that sees what the page sees, and of itself alone (P144).
      const customForm = (form: LoginForm) =>
        safeHtml(renderer.renderText(form.form_html ?? '', { ...variables, ...customFormVariables(form) }));
      return renderer.render('login.html', { ...variables, custom_form: customForm });
    },

    logout: (context, page) =>
      show(
        'logout.html',
        context,
        { servers_running: page.serversRunning, provider: page.provider },
        'logout',
      ),

    home(context, page) {
      const named = page.named;
      const spawners = (named?.servers ?? []).map((server) => spawner(context, server));
      const variables = {
        url: page.defaultServer.url,
        default_server: spawner(context, page.defaultServer),
        spawners,
        allow_named_servers: named !== null,
        named_server_limit_per_user: named?.limit ?? 0,
        limit_reached: named?.limit != null && spawners.length >= named.limit,
        invalid_server_names: named?.invalidNames ?? [],
        shared: page.shared.map((server) => spawner(context, server)),
        script_data: { named_url: named?.apiUrl ?? null },
      };
      return show('home.html', context, variables, 'home');
    },

    spawn(context, page) {
      const { server } = page;
      const variables = {
        spawner: spawner(context, server),
        for_user: { name: server.owner },
        ...spawnVariables(page, texts),
        error_message: page.error?.message ?? '',
        html_error_message: page.error?.html ?? '',
        url: page.action,
      };
      return show('spawn.html', context, variables, 'spawn');
    },

    spawnPending(context, page) {
      const view = spawner(context, page.server);
      const variables = {
        spawner: view,
        progress_url: page.progressUrl,
        queue: page.queue,
        events: page.events,
        log_url: page.logUrl,
        script_data: {
          progress_url: page.progressUrl,
          api_url: page.server.apiUrl,
          server: view.object,
          queue: page.queue,
          log_url: page.logUrl,
        },
      };
      return show('spawn_pending.html', context, variables);
    },

    stopPending: (context, page) =>
      show('stop_pending.html', context, { spawner: spawner(context, page.server), events: page.events }),

    notRunning(context, page) {
      const failure = page.failure && failureVariables(page.failure, texts);
      const variables = {
        spawner: spawner(context, page.server),
        server_name: page.server.name,
        spawn_url: page.startUrl,
        wanted: page.wanted,
        failed: failure !== null,
        failed_message: failure?.message ?? '',
        failed_html_message: failure?.message_html ?? '',
        failure,
        implicit_spawn_seconds: page.implicitStartSeconds,
        script_data: { start_url: page.startUrl, implicit_seconds: page.implicitStartSeconds },
      };
      return show('not_running.html', context, variables);
    },

    token: (context, page) =>
      show('token.html', context, tokenVariables(page, texts, look.language), 'token'),

    oauth(context, page) {
      const variables = {
        oauth_client: { identifier: page.client.id, ...page.client },
        scope_descriptions: page.scopes.map((scope) => ({ ...scope, powerful: isPowerful(scope.scope) })),
        allowed_scopes: page.allowedScopes,
        may_open_files: mayOpenFiles(page.allowedScopes),
        action: page.action,
        redirect_uri: page.redirectUri,
      };
      return show('oauth.html', context, variables);
    },

    acceptShare(context, page) {
      const variables = {
        spawner: spawner(context, page.server),
        spawner_ready: page.server.phase === 'ready',
        spawner_url: page.server.url,
        owner: { name: page.server.owner },
        code: page.code,
        next_url: page.next,
        action: page.action,
        scope_descriptions: page.scopes,
        expires: page.expires,
      };
      return show('accept-share.html', context, variables);
    },

    error(context, page) {
      const words = texts.errors ?? {};
      // A server that does not answer usually does a moment later; its page looks again by itself.
      const retryAfter = page.retryAfter ?? (page.status === 503 ? 10 : null);
      const variables = {
        status_code: page.status,
        status_message: page.statusText,
        heading: words[`title${page.status}`] ?? words.titleOther,
        message: page.message ?? words[`text${page.status}`] ?? words.textOther,
        message_html: page.messageHtml ?? '',
        extra_error_html: '',
        requested: page.requested,
        reference: page.reference,
        retry_after: retryAfter,
        script_data: { retry_after: retryAfter },
      };
      const own = `${page.status}.html`;
      return show(renderer.has(own) ? own : 'error.html', context, variables);
    },
  };
}
