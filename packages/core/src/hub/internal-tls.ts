import { hostname } from 'node:os';
import { HubError } from '../plugin/index.ts';
import type { Addresses } from './addresses.ts';
import type { Settings } from './config.ts';

const local = ['localhost', '127.0.0.1', '::1'];

/** Names by which proxy, servers and services find a hub, and hubs the proxy. */
export function hubNames(settings: Settings, addresses: Addresses): readonly string[] {
  const urls = [addresses.listenUrl, addresses.connectUrl, addresses.routeTarget];
  return distinct([...local, hostname(), ...urls.map(hostOf), ...serverNames(settings)]);
}

/** Names by which a proxy that knows none of ours looks at a server: those browsers ask for (W104). */
export function serverNames({ internalTls, publicUrl, bindUrl }: Settings): readonly string[] {
  return distinct([...local, hostOf(publicUrl), hostOf(bindUrl), ...internalTls.altNames]);
}

/** What contradicts `internalTls`, one sentence each. */
export function internalTlsProblems(settings: Settings): readonly string[] {
  const { enabled, altNames } = settings.internalTls;
  if (!enabled) return [];
  const { connectUrl, balancerUrl } = settings.hub;
  const plain = Object.entries({ 'hub.connectUrl': connectUrl, 'hub.balancerUrl': balancerUrl }).filter(
    ([, url]) => url.startsWith('http:'),
  );
  return [
    ...plain.map(
      ([name, url]) =>
        `${name}: "${url}" is not encrypted, and internalTls.enabled is true. Write https, or leave it out where the hub's own listener is meant.`,
    ),
    ...altNames
      .filter((name) => !/^(\*\.)?[\w.:-]+$/.test(name))
      .map((name) => `internalTls.altNames: "${name}" is neither a host name nor an address.`),
  ];
}

/** What stays unencrypted all the same, one sentence each. */
export function internalTlsDoubts(
  settings: Settings,
  services: readonly { readonly name: string; readonly url?: string | null | undefined }[],
): readonly string[] {
  if (!settings.internalTls.enabled) return [];
  const plain = services.filter(({ url }) => url?.startsWith('http:'));
  return plain.map(
    ({ name, url }) =>
      `services: what goes to "${name}" at ${url} is not encrypted. \`hub tls issue\` makes a certificate for it; then write https.`,
  );
}

/** What servers that were started under the other setting are to be told of; `null`: there are none. */
export function otherScheme(
  tls: boolean,
  servers: readonly { readonly phase: string; readonly target: string | null }[],
): { readonly count: number; readonly message: string } | null {
  const scheme = tls ? 'http:' : 'https:';
  const count = servers.filter(({ phase, target }) => phase === 'ready' && target?.startsWith(scheme)).length;
  if (count === 0) return null;
  const message = tls
    ? 'servers run that were started without internal TLS: they cannot speak to the hub until they are started again'
    : 'servers run that were started with internal TLS: nobody reaches them until they are started again';
  return { count, message };
}

/** The same about what was made of the plugins' options. */
export function requirePlacesCertificates(
  spawners: readonly {
    readonly id: string;
    readonly name: string;
    readonly driver: { readonly placesCertificates?: boolean };
    readonly options: { readonly hubConnectUrl: unknown };
  }[],
): void {
  const problems = spawners.flatMap(({ id, name, driver, options }) => [
    ...(driver.placesCertificates
      ? []
      : [
          `${name} (${id}): it cannot hand certificates to its servers. Take a spawner that can, or set internalTls.enabled to false.`,
        ]),
    ...(String(options.hubConnectUrl).startsWith('http:')
      ? [
          `${name} (${id}): hubConnectUrl "${options.hubConnectUrl}" is not encrypted, and internalTls.enabled is true. Write https.`,
        ]
      : []),
  ]);
  if (problems.length === 0) return;
  throw new HubError('HUB_CONFIG_INVALID', 'Some spawners cannot take part in internal TLS.', { problems });
}

function hostOf(url: string): string {
  return URL.parse(url)?.hostname.replace(/^\[|\]$/g, '') ?? '';
}

function distinct(names: readonly string[]): readonly string[] {
  return [...new Set(names)].filter((name) => !['', '*', '0.0.0.0', '::'].includes(name));
}
