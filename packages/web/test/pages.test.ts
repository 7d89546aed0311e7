import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fill, safeHtml, scriptJson } from '../src/safe-html.ts';
import {
  drawPages,
  hostile,
  nasty,
  realistic,
  sampleContext,
  samplePages,
  sampleServer,
} from './sample-pages.ts';

const { pages } = samplePages();
const drawn = drawPages(pages, realistic);
type PageName = keyof typeof drawn;
const names = Object.keys(drawn) as PageName[];

const folders: string[] = [];
/** A folder of site templates. */
function site(files: Record<string, string>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'hub-web-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  return folder;
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function withSite(files: Record<string, string>) {
  return samplePages({ templatePaths: [site(files)] });
}

describe('every page', () => {
  it.each(names)(
    '%s is a whole document with a title, a main part and the data of scripts (W63)',
    async (name) => {
      const html = await drawn[name]();
      expect(html).toMatch(/^\s*<!DOCTYPE html>/);
      expect(html).toMatch(/<title>[^<]+ · Hub<\/title>/);
      expect(html).toMatch(/<main [^>]*id="main"/);
      expect(html).not.toMatch(/undefined|\[object|NaN/);
      const data = /<script type="application\/json" id="jhdata">(.*?)<\/script>/s.exec(html)?.[1];
      expect(JSON.parse(data ?? '')).toMatchObject({
        base_url: '/hub/',
        xsrf_token: 'MTIz.token-of-this-browser',
      });
    },
  );

  it.each(names)('%s holds no inline script, style or handler', async (name) => {
    const html = await drawn[name]();
    expect(html).not.toMatch(/<script(?![^>]*(src=|application\/json))/);
    expect(html).not.toMatch(/\s(style|on[a-z]+)=/);
  });

  it.each(names)('%s shows what people and spawners wrote as text', async (name) => {
    const html = await drawPages(pages, nasty)[name]();
    expect(html).not.toContain('<script>alert');
    expect(html).not.toContain('<img src=x');
    expect(html.match(/<\/script>/g)?.length).toBe((await drawn[name]()).match(/<\/script>/g)?.length);
  });

  it.each(['home', 'token', '404', 'spawn', 'oauth'] as const)(
    '%s has the navigation of W122',
    async (name) => {
      const html = await drawn[name]();
      for (const id of ['thenavbar', 'login_widget', 'logout']) expect(html).toContain(`id="${id}"`);
      expect(html).toContain('href="/hub/admin"');
      expect(html).toContain('Course planner');
    },
  );

  it('shows no services menu and no administration to those without (W122)', async () => {
    const context = sampleContext(realistic, { services: [], adminAccess: false });
    const html = await drawPages(pages, realistic, context)['home-plain']();
    expect(html).not.toContain('/hub/admin');
    expect(html).not.toContain('Services');
  });
});

const ids: Partial<Record<PageName, readonly string[]>> = {
  'login-error': ['username_input', 'password_input', 'otp_input', 'login_submit'],
  logout: ['login'],
  home: ['start', 'stop', 'stop-gpu-box', 'start-thesis', 'delete-thesis', 'start-stats', 'delete-stats'],
  spawn: ['spawn_form'],
  'spawn-pending': ['progress-bar', 'progress-message', 'progress-log', 'stop'],
  'not-running': ['start'],
  'spawn-failed': ['start', 'progress-message', 'progress-log'],
  token: [
    'token-note',
    'token-expiration-seconds',
    'token-scopes',
    'token-area',
    'token-result',
    'api-tokens-section',
    'oauth-clients-section',
  ],
};

describe('stable names of W121', () => {
  it.each(Object.entries(ids))('%s has its ids', async (name, wanted) => {
    const html = await drawn[name as PageName]();
    for (const id of wanted) expect(html.split(`id="${id}"`), id).toHaveLength(2);
  });

  it('has its classes', async () => {
    expect(await drawn['login-error']()).toMatch(/class="[^"]*\blogin_error\b/);
    expect(await drawn.home()).toMatch(/class="[^"]*\bnew-server-name\b.*class="[^"]*\bnew-server-btn\b/);
    expect((await drawn.token()).match(/class="[^"]*\brevoke-token-btn\b/g)).toHaveLength(4);
  });
});

const blocks: readonly (readonly [template: string, page: PageName, names: string])[] = [
  [
    'page.html',
    'home',
    'title stylesheet favicon scripts meta nav_bar logo nav_bar_left_items service nav_bar_right_items theme_toggle login_widget header announcement main footer script',
  ],
  [
    'login.html',
    'login-error',
    'login login_container username_input username_input_attrs password_input password_input_attrs otp_input otp_input_attrs login_terms login_terms_text',
  ],
  ['spawn.html', 'spawn', 'heading'],
  ['spawn_pending.html', 'spawn-pending', 'message'],
  ['stop_pending.html', 'stop-pending', 'message'],
  ['not_running.html', 'not-running', 'heading message start_button'],
  ['token.html', 'token', 'expiration_options token_row client_row'],
  ['error.html', '500', 'h1_error error_detail'],
];

describe('overrides (W119, W120)', () => {
  for (const [template, page, list] of blocks) {
    it.each(list.split(' '))(`${template} lets a site replace the block %s`, async (block) => {
      // Blocks a shipped page fills itself are replaced on that page.
      const target = template === 'page.html' && /^(title|main|script)$/.test(block) ? 'home.html' : template;
      const override = `{% extends "templates/${target}" %}{% block ${block} %}~~${block}~~{% endblock %}`;
      const { pages } = withSite({ [target]: override });
      expect(await drawPages(pages, realistic)[page]()).toContain(`~~${block}~~`);
    });
  }

  it("changes the shipped pages when a site's page.html extends the original", async () => {
    const { pages } = withSite({
      'page.html':
        '{% extends "templates/page.html" %}{% block footer %}{{ super() }}<p>Imprint</p>{% endblock %}',
    });
    const html = await drawPages(pages, realistic).home();
    expect(html).toContain('<p>Imprint</p>');
    expect(html).toContain('id="named-servers"');
    expect(html).toContain('class="foot"');
  });

  it('takes the first folder that has a template', async () => {
    const templatePaths = [
      site({ 'logout.html': 'first' }),
      site({ 'logout.html': 'second', 'home.html': 'home' }),
    ];
    const drawn = drawPages(samplePages({ templatePaths }).pages, realistic);
    expect(await drawn.logout()).toBe('first');
    expect(await drawn.home()).toBe('home');
  });

  it.each(['../outside.html', 'sub/../../outside.html', 'templates/../../outside.html', '/etc/hostname'])(
    'lets nothing outside the folders be included: %s',
    async (name) => {
      const root = mkdtempSync(path.join(tmpdir(), 'hub-web-'));
      folders.push(root);
      mkdirSync(path.join(root, 'site/sub'), { recursive: true });
      writeFileSync(path.join(root, 'outside.html'), 'outside');
      writeFileSync(path.join(root, 'site/logout.html'), `{% include "${name}" %}`);
      const drawn = drawPages(samplePages({ templatePaths: [path.join(root, 'site')] }).pages, realistic);
      await expect(drawn.logout()).rejects.toThrow('not found');
    },
  );

  it('takes a template of the status for an error, else error.html (W34)', async () => {
    const { pages } = withSite({ '418.html': 'short and stout' });
    expect(await drawPages(pages, realistic)['418']()).toBe('short and stout');
    expect(await drawPages(pages, realistic)['500']()).toContain('500 : Internal Server Error');
  });

  it('offers the macro for dialogs', async () => {
    const { pages } = withSite({
      'logout.html':
        '{% extends "templates/logout.html" %}{% block main %}{% call modal("Delete it", btn_label="Yes") %}<p>Sure?</p>{% endcall %}{% endblock %}',
    });
    expect(await drawPages(pages, realistic).logout()).toMatch(
      /<dialog[^>]*id="delete-it-dialog".*<p>Sure\?<\/p>.*Yes/s,
    );
  });

  it('finds a mistake in a site template at start, by name', () => {
    const { start } = withSite({ 'home.html': '{% block main %}' });
    expect(start).toThrow(/home\.html.*cannot be used/);
  });

  it('calls functions among the variables with the viewer, or null (W119)', async () => {
    const text = '{{ plain }} {{ who }} {{ nested.x }}';
    const { pages } = samplePages({
      templatePaths: [site({ 'logout.html': text, 'home.html': text })],
      templateVars: {
        plain: '<b>',
        who: async (user: { name: string } | null) => user?.name ?? 'nobody',
        nested: { x: 1 },
      },
    });
    expect(await drawPages(pages, realistic).logout()).toBe('&lt;b&gt; nobody 1');
    expect(await drawPages(pages, realistic).home()).toBe('&lt;b&gt; mira 1');
  });
});

describe('settings of the look', () => {
  it('shows the announcement of the page, else of all pages, unescaped (W119)', async () => {
    const drawn = drawPages(
      samplePages({ announcement: '<b>everywhere</b>', announcementHome: '<i>home</i>' }).pages,
      realistic,
    );
    expect(await drawn.home()).toContain('<i>home</i>');
    expect(await drawn.home()).not.toContain('everywhere');
    for (const name of ['token', 'login', 'logout', '404'] as const)
      expect(await drawn[name]()).toContain('<b>everywhere</b>');
  });

  it("prefers the hub's own announcement", async () => {
    const { pages } = samplePages({ announcement: 'from the configuration' });
    const context = sampleContext(realistic, { announcementHtml: '<b>now</b>' });
    const html = await drawPages(pages, realistic, context).token();
    expect(html).toContain('<b>now</b>');
    expect(html).not.toContain('from the configuration');
  });

  it('replaces single texts and sets the language', async () => {
    const { pages } = samplePages({ language: 'de', texts: { home: { heading: 'Ihre Server' } } });
    const html = await drawPages(pages, realistic).home();
    expect(html).toContain('<html lang="de">');
    expect(html).toContain('<h1>Ihre Server</h1>');
    expect(html).toContain('Named servers');
  });

  it('takes one colour for the brand, in a style with the nonce', async () => {
    const { pages } = samplePages({ brandColor: '#8a1538' });
    expect(await drawPages(pages, realistic).home()).toContain(
      '<style nonce="bm9uY2U=">:root { --brand: #8a1538; }</style>',
    );
  });

  it('shows the logo of the site', async () => {
    const { pages } = samplePages({ logoFile: '/srv/logo.png' });
    expect(pages.assets.logoFile).toBe('/srv/logo.png');
    expect(await drawPages(pages, realistic).home()).toContain(
      '<img class="bar__logo" src="/hub/logo" alt="Hub">',
    );
  });
});

describe('single pages', () => {
  it('login: forms post with the token and their own fields; a provider alone has no form (W25, W123)', async () => {
    const form = await drawn.login();
    expect(form).toContain('action="/hub/login?next=%2Fhub%2Fhome"');
    expect(form).toContain('name="_xsrf" value="MTIz.token-of-this-browser"');
    expect(form).toContain('name="authenticator" value="pam"');
    const button = await drawn['login-button']();
    expect(button).not.toContain('<form');
    expect(button).not.toContain('>or<');
    expect(button).toContain('href="/hub/auth/campus/"');
  });

  it("login: an authenticator's own form is a template that sees the page's variables (P144)", async () => {
    const way = {
      kind: 'form' as const,
      id: 'own',
      title: null,
      fields: [],
      action: '/hub/login',
      hidden: {},
    };
    const formHtml =
      '<form method="post"><input name="_xsrf" value="{{ xsrf }}"><p>{{ username }}</p></form>';
    const html = await pages.login(sampleContext(realistic, { user: null }), {
      ways: [{ ...way, formHtml }],
      next: '',
      username: '<b>{{ 1 + 1 }}',
      error: null,
      tried: null,
      secure: true,
      termsUrl: null,
    });
    expect(html).toContain('<input name="_xsrf" value="MTIz.token-of-this-browser">');
    expect(html).toContain('<p>&lt;b&gt;{{ 1 + 1 }}</p>');
  });

  it('login: two forms of their own post to their own addresses, and only the tried one tells of the try', async () => {
    const own = (id: string) => ({
      kind: 'form' as const,
      id,
      title: null,
      fields: [],
      action: `/hub/login?authenticator=${id}&next=%2Fx`,
      hidden: {},
      formHtml:
        '<form action="{{ authenticator_login_url }}" id="{{ authenticator.id }}">{{ username }}|{{ login_error }}|{{ next }}|{{ login_url }}</form>',
    });
    const typed = '{{ 1 + 1 }}{% for x in [1] %}"';
    const html = await pages.login(sampleContext(realistic, { user: null }), {
      ways: [own('one'), own('two')],
      next: '/{{ 3 * 3 }}',
      username: typed,
      error: 'Not {{ 2 * 2 }} today',
      tried: 'two',
      secure: true,
      termsUrl: null,
    });
    const form = (id: string, text: string) =>
      `<form action="/hub/login?authenticator=${id}&amp;next=%2Fx" id="${id}">${text}|/{{ 3 * 3 }}|/hub/login</form>`;
    expect(html).toContain(form('one', '|'));
    // Nothing that a visitor or a plugin's error says is read as a template.
    expect(html).toContain(form('two', '{{ 1 + 1 }}{% for x in [1] %}&quot;|Not {{ 2 * 2 }} today'));
  });

  it('home: without named servers there is no trace of them (W124)', async () => {
    expect(await drawn['home-plain']()).not.toMatch(/id="named|Named servers|new-server/);
  });

  it('spawn: keeps the form of the administrator and the address with the token (W29)', async () => {
    const html = await drawn.spawn();
    expect(html).toMatch(
      /<form[^>]*id="spawn_form"[^>]*method="post"[^>]*enctype="multipart\/form-data"[^>]*\?_xsrf=abc"/,
    );
    expect(html).toContain('<input type="radio" name="profile" value="small">');
  });

  it('failed start: every cause has a sentence and a remedy; the log only for those allowed', async () => {
    const short = await drawn['spawn-failed-short']();
    expect(short).toContain('The server took too long to start.');
    expect(short).not.toContain('progress-log');
    const long = await drawn['spawn-failed']();
    expect(long).toContain('The server ran out of memory while starting.');
    expect(long).toContain('mira/stats-grading#14');
  });

  it('token: expiry ends with never, or with the limit (W126)', async () => {
    expect(await drawn.token()).toContain(
      '<option value="31536000">1 year</option><option value="" selected>Never</option>',
    );
    expect(await drawn['token-first']()).toContain(
      '<option value="3600">1 hour</option><option value="7200" selected>Max (2 hours)</option></select>',
    );
  });

  it('consent: one field per scope, deny and allow (W73, W74)', async () => {
    const html = await drawn.oauth();
    expect(html.match(/name="scopes"/g)).toHaveLength(3);
    expect(html).toMatch(/name="deny" value="1".*id="allow"/s);
    expect(html).toContain('Open your servers or the files in them');
  });

  it('home: tells of a stop that does not succeed when it is tried again', async () => {
    const message = 'The server could not be stopped yet. It is tried again in 8 s.';
    const html = await pages.home(sampleContext(realistic), {
      defaultServer: sampleServer(realistic, { phase: 'stopping', message }),
      named: {
        servers: [sampleServer(realistic, { name: 'gpu', phase: 'stopping', message })],
        limit: null,
        invalidNames: [],
        apiUrl: '',
      },
      shared: [],
    });
    expect(html.split(message)).toHaveLength(3);
  });

  it('names servers of others by their owner', async () => {
    const html = await pages.stopPending(sampleContext(realistic), {
      server: sampleServer(realistic, { owner: 'tobin', phase: 'stopping' }),
      events: [],
    });
    expect(html).toContain('tobin’s main server is stopping');
  });
});

describe('safe HTML', () => {
  it('keeps script data inside its element', () => {
    const json = scriptJson({ x: '</script><!--\u2028&' }).toString();
    expect(json).not.toMatch(/[<>&\u2028]/);
    expect(JSON.parse(json)).toEqual({ x: '</script><!--\u2028&' });
  });

  it('escapes a text and its values, and keeps values that are HTML', () => {
    const filled = fill('<{a}> {b} {missing}', { a: hostile, b: safeHtml('<b>x</b>') }).toString();
    expect(filled).toMatch(/^&lt;&lt;script&gt;.*&gt; <b>x<\/b> \{missing\}$/);
  });
});
