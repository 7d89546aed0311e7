import type { PageDeps } from './deps.ts';

/**
 * Where forms of a page may lead besides this hub, for its content policy. Browsers hold a policy against every
 * redirect that follows a form, not only against its own address.
 */
export function targetsOf(redirectUri: string): readonly string[] {
  const url = URL.parse(redirectUri);
  if (!url) return []; // a path of this hub
  // Programs on the person's own machine have a scheme instead of an origin.
  return [url.origin === 'null' ? url.protocol : url.origin];
}

/** A sign-in on the way to a registered application ends at that application. */
export async function signInTargets(
  next: string,
  { clients, places }: Pick<PageDeps, 'clients' | 'places'>,
): Promise<readonly string[]> {
  const [path, query] = next.split('?', 2);
  if (path !== `${places.hubPrefix}api/oauth2/authorize`) return [];
  const id = new URLSearchParams(query).get('client_id');
  const client = id ? await clients.get(id) : null;
  return client ? targetsOf(client.redirectUri) : [];
}
