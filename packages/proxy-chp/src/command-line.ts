import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { HubError, type HubInfo } from '@hub/core/plugin';
import { type Address, parseAddress } from './address.ts';
import type { ChpOptions } from './options.ts';
import { type TlsFiles, tlsFlags } from './tls-files.ts';

/** Beside the bundle in the published package, as beside this file. */
const checkTargets = new URL(
  import.meta.url.endsWith('.ts') ? './check-targets.ts' : './check-targets.js',
  import.meta.url,
);

/** How CHP is to run, but for the port of its API, which may be chosen at start. */
export interface ChpSettings {
  readonly command: readonly string[];
  readonly publicAddress: Address;
  readonly apiAddress: Address;
  /** Flags whose change needs another process. */
  readonly flags: readonly string[];
  /** Flags that are not worth a restart. */
  readonly softFlags: readonly string[];
}

/**
 * The command line for these options (P421), without any secret: that goes by environment.
 *
 * @throws HubError HUB_START_FAILED when addresses or certificate do not fit together.
 */
export function chpSettings(options: ChpOptions, hub: HubInfo, tls: TlsFiles | null): ChpSettings {
  const publicAddress = parseAddress(hub.bindUrl, 'bindUrl');
  const apiAddress = parseAddress(apiUrlOf(options, tls !== null), 'apiUrl of the proxy');
  if (options.shouldStart) checkTls(options, publicAddress, apiAddress, tls);
  const errorTarget =
    options.errorTarget === undefined ? `${hub.connectUrl}${hub.hubPrefix}error` : options.errorTarget;
  return {
    command: options.command ?? [
      process.execPath,
      ...(tls ? ['--import', checkTargets.href] : []),
      bundledChp(),
    ],
    publicAddress,
    apiAddress,
    flags: [
      ...listenFlags(publicAddress, ''),
      ...(errorTarget ? ['--error-target', errorTarget] : []),
      ...(options.hostRouting ? ['--host-routing'] : []),
      ...(options.sslKey ? ['--ssl-key', options.sslKey] : []),
      ...(options.sslCert ? ['--ssl-cert', options.sslCert] : []),
      ...milliseconds('--timeout', options.timeout),
      ...milliseconds('--proxy-timeout', options.proxyTimeout),
      ...milliseconds('--keep-alive-timeout', options.keepAliveTimeout),
      ...options.flags,
      ...(tls ? tlsFlags(tls) : []),
    ],
    softFlags: ['--log-level', options.logLevel],
  };
}

/**
 * Where the proxy takes its routes.
 *
 * @throws HubError HUB_START_FAILED when that is not encrypted and the hub wants everything to be (W104).
 */
export function apiUrlOf({ apiUrl }: Pick<ChpOptions, 'apiUrl'>, tls: boolean): string {
  const url = apiUrl ?? `${tls ? 'https' : 'http'}://127.0.0.1:8001`;
  if (!tls || !url.startsWith('http:')) return url;
  throw new HubError('HUB_START_FAILED', `apiUrl is ${url}, and the hub encrypts what goes to the proxy`, {
    hint: `Write ${url.replace(/^http:/, 'https:')}, leave apiUrl out, or set internalTls.enabled to false.`,
  });
}

/** `--ip … --port …` or `--socket …`; with `prefix` `api-` for the API. */
export function listenFlags({ host, port, socket }: Address, prefix: '' | 'api-'): string[] {
  if (socket) return [`--${prefix}socket`, socket];
  // CHP listens on all interfaces with an empty address; left out, its API would take localhost.
  return [`--${prefix}ip`, host, `--${prefix}port`, String(port)];
}

function milliseconds(flag: string, seconds: number | undefined): string[] {
  return seconds === undefined ? [] : [flag, String(Math.round(seconds * 1000))];
}

function checkTls(
  options: ChpOptions,
  publicAddress: Address,
  apiAddress: Address,
  tls: TlsFiles | null,
): void {
  if (Boolean(options.sslKey) !== Boolean(options.sslCert)) {
    throw new HubError('HUB_START_FAILED', 'the proxy has only one of sslKey and sslCert', {
      hint: 'Give both, or none and let another server speak https.',
    });
  }
  if (publicAddress.tls && !options.sslKey) {
    throw new HubError('HUB_START_FAILED', 'bindUrl says https, but the proxy has no certificate', {
      hint: 'Give sslKey and sslCert to chpProxy, or an http:// bindUrl behind a server that speaks https.',
    });
  }
  if (!publicAddress.socket && publicAddress.port === 0) {
    throw new HubError('HUB_START_FAILED', 'bindUrl has port 0', { hint: 'Give the public port.' });
  }
  if (apiAddress.tls && !tls && !options.flags.includes('--api-ssl-key')) {
    throw new HubError(
      'HUB_START_FAILED',
      'apiUrl says https, but the proxy has no certificate for its API',
      {
        hint: "Give '--api-ssl-key' and '--api-ssl-cert' among the flags, or an http:// apiUrl.",
      },
    );
  }
}

/** The program of the package this one depends on. */
function bundledChp(): string {
  const require = createRequire(import.meta.url);
  const path = require.resolve('configurable-http-proxy/package.json');
  const { bin } = require(path) as { bin: Record<string, string> };
  return join(dirname(path), bin['configurable-http-proxy'] ?? 'bin/configurable-http-proxy');
}
