import { HubError } from '@hub/core/plugin';

/**
 * The path below `/api/routes` for a spec: leading slash, none at the end, percent-encoded (P427).
 *
 * @throws HubError HUB_BAD_REQUEST for a spec the proxy would take for another one: it decodes `%2F` to a slash,
 * resolves dot segments, and does not answer at all to what cannot be decoded.
 */
export function pathOfSpec(spec: string, hostRouting: boolean): string {
  if (spec === '/') return '/';
  const isPath = spec.startsWith('/');
  if (isPath && hostRouting) throw refused(spec, 'must begin with a host name, because hostRouting is on');
  if (!isPath && !hostRouting) throw refused(spec, 'must begin with a slash, because hostRouting is off');
  const names = spec.replace(/^\//, '').replace(/\/$/, '').split('/');
  return `/${names.map((name) => encodeName(decodeName(name, spec))).join('/')}`;
}

/** The spec for a key of CHP's table, which is decoded and has no slash at the end (P427). */
export function specOfPath(path: string, hostRouting: boolean): string {
  if (path === '/') return '/';
  const encoded = path.split('/').map(encodeName).join('/');
  return `${hostRouting ? encoded.replace(/^\//, '') : encoded}/`;
}

function decodeName(name: string, spec: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(name);
  } catch (cause) {
    throw refused(spec, 'is not percent-encoded rightly', cause);
  }
  if (decoded === '') throw refused(spec, 'has an empty part');
  if (decoded.includes('/')) throw refused(spec, 'has a part with an escaped slash');
  if (/^\.+$/.test(decoded)) throw refused(spec, 'has a part of dots alone');
  return decoded;
}

/** As the Python world writes names in URLs: everything but letters, digits, `_.-~` and `@` is escaped (P403). */
function encodeName(name: string): string {
  return encodeURIComponent(name.toWellFormed())
    .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%40', '@');
}

function refused(spec: string, why: string, cause?: unknown): HubError {
  return new HubError('HUB_BAD_REQUEST', `the route ${spec} ${why}`, { cause });
}
