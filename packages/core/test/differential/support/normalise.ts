/** An answer as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body, where it is JSON. */
  readonly json: unknown;
}

/** What is compared of an answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/** Headers that clients read. Of these only that they are there: a version, a random number. */
const present = ['x-jupyterhub-version', 'retry-after'];
const compared = [
  'content-type',
  'access-control-allow-headers',
  'access-control-allow-origin',
  'content-security-policy',
  'www-authenticate',
  'cache-control',
  'pragma',
  'location',
];

/** An answer without what must differ from hub to hub: ports, times, ids, secrets, the order of sets. */
export function normalise(raw: RawAnswer, origin: string): Answer {
  const headers: Record<string, unknown> = {};
  for (const name of present) if (raw.headers[name] !== undefined) headers[name] = '<present>';
  for (const name of compared) {
    const value = raw.headers[name];
    if (value !== undefined) headers[name] = text(String(value), origin);
  }
  // A space in an address is one however it is written (W23).
  if (headers.location) headers.location = String(headers.location).replaceAll(' ', '%20');
  const type = String(headers['content-type'] ?? '').toLowerCase();
  if (type) headers['content-type'] = type;
  // Pages differ in their policy, and are looked at by tests of their own; a redirect has nothing to show.
  if (type.startsWith('text/html') || (raw.status >= 300 && raw.status < 400))
    delete headers['content-security-policy'];
  if (type.startsWith('text/html')) headers['content-type'] = 'text/html';
  if (raw.status >= 300 && raw.status < 400) delete headers['content-type'];
  if (String(headers['content-security-policy']).includes("'nonce-"))
    headers['content-security-policy'] = '<page>';
  const cookies = [raw.headers['set-cookie'] ?? []].flat().map(cookie).sort();
  if (cookies.length > 0) headers['set-cookie'] = cookies;
  return { status: raw.status, headers, body: body(raw, type, origin) };
}

function body(raw: RawAnswer, type: string, origin: string): unknown {
  if (type.startsWith('text/html')) return raw.text === '' ? '' : '<html>';
  if (type.startsWith('text/event-stream')) return events(raw.text).map((event) => value(event, '', origin));
  if (type.startsWith('text/plain; version=')) return '<metrics>';
  return raw.json === undefined ? text(raw.text, origin) : value(raw.json, '', origin);
}

function events(stream: string): unknown[] {
  return stream.split('\n').flatMap((line) => (line.startsWith('data: ') ? [JSON.parse(line.slice(6))] : []));
}

/** Lists without an order. */
const sets = new Set(['scopes', 'groups', 'roles', 'users', 'allowed_scopes']);
const hidden: Readonly<Record<string, string>> = {
  id: '<id>',
  token_id: '<id>',
  session_id: '<session>',
  version: '<version>',
  python: '<python>',
  sys_executable: '<path>',
  class: '<class>',
  code: '<code>',
  access_token: '<token>',
  state: '<state>',
  target: '<target>',
  pid: '<pid>',
};

function value(found: unknown, key: string, origin: string): unknown {
  // What a spawner keeps, and whether a stopped server has any of it, hangs on the spawner and on memory (R42).
  if (key === 'state' && typeof found !== 'string') return '<state>';
  // Nothing was ever chosen: null or empty, as the original has the server in memory or not (section 2.2).
  if (key === 'user_options' && isEmpty(found)) return null;
  if (key === 'scope' && typeof found === 'string') return found.split(' ').sort().join(' ');
  if (typeof found === 'string') {
    if (key === 'expires_at') return `<in ${Math.round((Date.parse(found) - Date.now()) / 60_000)} min>`;
    if (key === 'token') return `<token of ${found.length} characters>`;
    return hidden[key] ?? text(found, origin);
  }
  if (Array.isArray(found)) {
    const items = found.map((item) => value(item, '', origin));
    return sets.has(key) && items.every((item) => typeof item === 'string') ? items.sort() : items;
  }
  if (typeof found === 'object' && found !== null) {
    return Object.fromEntries(
      Object.entries(found)
        .map(([name, inner]) => [name, value(inner, name, origin)] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }
  if (key === 'pid' && typeof found === 'number') return '<pid>';
  return found;
}

function isEmpty(found: unknown): boolean {
  return typeof found === 'object' && found !== null && Object.keys(found).length === 0;
}

function text(found: string, origin: string): string {
  return found
    .replaceAll(origin, '<origin>')
    .replaceAll(origin.slice('http://'.length), '<host>')
    .replaceAll(encodeURIComponent(origin), '<origin>')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?/g, '<time>')
    .replace(/\bsc_\d+\b/g, 'sc_<id>')
    .replace(/(?<=requested scopes ).*(?= not held)/, (scopes) => scopes.split(/, ?/).sort().join(', '))
    .replace(/in \d+ seconds/g, 'in <n> seconds')
    .replace(/([?&]code=)[\w-]+/g, '$1<code>')
    .replace(/([?&]_xsrf=)[^&]+/g, '$1<xsrf>');
}

/** Name, whether it has a value, and its attributes; dates by the day. */
function cookie(line: string): string {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
  const [name, content = ''] = pair.split('=');
  const shown = attributes.map((attribute) => {
    const [key = '', setting = ''] = attribute.split('=');
    if (key.toLowerCase() !== 'expires') return `${key.toLowerCase()}${setting && `=${setting}`}`;
    const days = Math.round((Date.parse(setting) - Date.now()) / 86_400_000);
    return days < 0 ? 'expires=<past>' : `expires=<${days} days>`;
  });
  const empty = content === '' || content === '""';
  return [`${name}=${empty ? '' : '<value>'}`, ...shown.sort()].join('; ');
}
