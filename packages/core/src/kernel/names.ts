/**
 * A name as it stands in URLs, routes and prefixes: percent-encoded, with `@` and `~` left alone (P240, P403).
 * `!` is always encoded, so OAuth client ids may use it as a separator.
 */
export function quoteName(name: string): string {
  return encodeURIComponent(name)
    .replace(/%40/g, '@')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Path under which a server is reached: `/user/ada/` or `/user/ada/gpu/` behind `baseUrl`. */
export function serverPrefix(baseUrl: string, user: string, server: string): string {
  return `${baseUrl}user/${quoteName(user)}/${server === '' ? '' : `${quoteName(server)}/`}`;
}

/** Path under which a service is reached: `/services/grader/` behind `baseUrl` (W96). */
export function servicePrefix(baseUrl: string, service: string): string {
  return `${baseUrl}services/${quoteName(service)}/`;
}
