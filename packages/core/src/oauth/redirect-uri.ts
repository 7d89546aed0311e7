// The library takes a path for no URI; nothing on the network has a name below `.invalid`.
const placeOfPaths = 'https://hub.invalid';

/** Redirect URIs of servers are paths (W66): the same as an absolute URI, for the library alone. */
export function absoluteUri(uri: string): string {
  return uri.startsWith('/') ? `${placeOfPaths}${uri}` : uri;
}

/** The address with further query parameters; those without a value are left out, as an empty `state` is. */
export function withParameters(
  uri: string,
  parameters: Readonly<Record<string, string | undefined>>,
): string {
  const added = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value) added.append(name, value);
  const [address = '', fragment] = splitAt(uri, '#');
  const separator = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&';
  return `${address}${separator}${added}${fragment === undefined ? '' : `#${fragment}`}`;
}

/** What a policy's `form-action` must name besides `'self'`, so that a form may end at this address. */
export function formTargets(uri: string): readonly string[] {
  const url = URL.parse(uri);
  if (url === null) return []; // a path, on this origin
  return [url.origin === 'null' ? url.protocol : url.origin];
}

function splitAt(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
