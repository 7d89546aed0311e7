/**
 * Loaded into configurable-http-proxy before it runs (`node --import`), where the hub encrypts what goes between its
 * parts. By itself that program compares the certificate of a server with the host name the browser asked for, so any
 * server with a certificate passes for any other, and for the hub. Here it must bear the name that its route demands
 * (`tls_name`); and certificates that were renewed are used without a restart.
 */
import { readFileSync, statSync } from 'node:fs';
import { Agent } from 'node:https';
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { ConfigurableProxy } from 'configurable-http-proxy';

const lookEveryMs = 1_000;
/** Variable with the name whose owner has the error pages. */
const errorName = 'HUB_ERROR_PAGES_NAME';

const program = ConfigurableProxy.prototype;
const { addRoute, removeRoute, proxyOptsForTarget } = program;

/** Something routes lead to: who must be there, and connections to it. */
interface Target {
  readonly name: string;
  readonly agent: Agent;
  readonly routes: Set<string>;
}
/** By host and port. */
const targets = new Map<string, Target>();
let renewing = false;

program.addRoute = function (path, data) {
  if (!renewing) renewFrom(this);
  const { protocol, host, hostname } = new URL(data.target);
  const route = this._routes.cleanPath(path);
  leave(route, host);
  if (protocol === 'https:') {
    const name = typeof data.tls_name === 'string' ? data.tls_name : nameOf(hostname);
    target(host, name).routes.add(route);
  }
  return addRoute.call(this, path, data);
};

program.removeRoute = async function (path) {
  const done = await removeRoute.call(this, path);
  leave(this._routes.cleanPath(path), null);
  return done;
};

program.proxyOptsForTarget = function (url) {
  const options = proxyOptsForTarget.call(this, url);
  if (options.secure) {
    // Where no route leads to, only error pages are asked for: of the hub.
    const { agent } =
      targets.get(url.host) ?? target(url.host, process.env[errorName] || nameOf(url.hostname));
    options.agent = agent;
    options.target.agent = agent; // error pages are asked for with the options of the target
  }
  return options;
};

/** What is at this host and port; when another name is demanded, connections there end. */
function target(host: string, name: string): Target {
  const known = targets.get(host);
  if (known?.name === name) return known;
  known?.agent.destroy();
  const agent = new Agent({ keepAlive: true, servername: name });
  const made = { name, agent, routes: known?.routes ?? new Set<string>() };
  targets.set(host, made);
  return made;
}

/** The route no longer leads anywhere but to `stays`; what no route leads to is forgotten. */
function leave(route: string, stays: string | null): void {
  for (const [host, { routes, agent }] of targets) {
    if (host === stays || !routes.delete(route) || routes.size > 0) continue;
    agent.destroy();
    targets.delete(host);
  }
}

/** `''` for an address: then that is what is compared. */
function nameOf(hostname: string): string {
  return isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? hostname : '';
}

/** Looks after the files named on the command line. */
function renewFrom(proxy: ConfigurableProxy): void {
  renewing = true;
  const sides = {
    api: filesOf('api-ssl'),
    client: filesOf('client-ssl'),
  };
  let seen = versionOf(Object.values(sides).flatMap((files) => Object.values(files)));
  setInterval(() => {
    const now = versionOf(Object.values(sides).flatMap((files) => Object.values(files)));
    if (now === null || now === seen) return;
    try {
      const [api, client] = [read(sides.api), read(sides.client)];
      proxy.options.clientSsl = { ...proxy.options.clientSsl, ...client };
      proxy.apiServer.setSecureContext({ ...proxy.options.apiSsl, ...api });
      seen = now;
    } catch (error) {
      console.error('certificates could not be renewed:', error);
    }
  }, lookEveryMs).unref();
}

type Files = Readonly<Record<'key' | 'cert' | 'ca', string>>;

function filesOf(prefix: string): Files {
  const flags = ['key', 'cert', 'ca'].map((part) => [`${prefix}-${part}`, { type: 'string' }] as const);
  const { values } = parseArgs({ options: Object.fromEntries(flags), strict: false, allowPositionals: true });
  const path = (part: string) => String(values[`${prefix}-${part}`] ?? '');
  return { key: path('key'), cert: path('cert'), ca: path('ca') };
}

function read(files: Files): Files {
  const text = (path: string) => readFileSync(path, 'utf8');
  return { key: text(files.key), cert: text(files.cert), ca: text(files.ca) };
}

/** Changes when one of them does; `null` while one of them is not there. */
function versionOf(paths: readonly string[]): string | null {
  const facts = paths.map((path) => statSync(path, { throwIfNoEntry: false }));
  return facts.some((one) => !one) ? null : facts.map((one) => `${one?.ino}:${one?.mtimeMs}`).join(' ');
}
