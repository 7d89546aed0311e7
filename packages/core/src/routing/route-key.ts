/**
 * The form in which two specs are compared: the same route may be written `/user/a%40b/` by one side and
 * `/user/a@b/` by the other (P403, P427). What cannot be decoded is compared as it stands.
 */
export function routeKey(spec: string): string {
  const withSlash = spec.endsWith('/') ? spec : `${spec}/`;
  return withSlash.split('/').map(canonical).join('/');
}

function canonical(segment: string): string {
  try {
    return encodeURIComponent(decodeURIComponent(segment));
  } catch {
    return segment;
  }
}
