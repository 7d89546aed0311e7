import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InternalTls, ProxyTls } from '@hub/core/plugin';

/** Files CHP is given for internal TLS. */
export interface TlsFiles {
  /** Key and certificates in one file, so that they change together. */
  readonly own: string;
  readonly apiAuthorities: string;
  readonly targetAuthorities: string;
}

/** Where they are in the folder of a proxy. */
export function tlsFilesIn(folder: string): TlsFiles {
  return {
    own: join(folder, 'tls', 'proxy.pem'),
    apiAuthorities: join(folder, 'tls', 'api-authorities.pem'),
    targetAuthorities: join(folder, 'tls', 'target-authorities.pem'),
  };
}

/** Writes new ones (0600), each whole or not at all. */
export async function writeTlsFiles(folder: string, tls: Pick<InternalTls, 'forProxy'>): Promise<void> {
  const files = tlsFilesIn(folder);
  const { key, certificate, apiAuthorities, targetAuthorities }: ProxyTls = await tls.forProxy();
  await mkdir(join(folder, 'tls'), { recursive: true, mode: 0o700 });
  await write(files.targetAuthorities, targetAuthorities);
  await write(files.apiAuthorities, apiAuthorities);
  await write(files.own, key + certificate);
}

/** The flags of CHP for them (P421, P440, W104). */
export function tlsFlags({ own, apiAuthorities, targetAuthorities }: TlsFiles): readonly string[] {
  return [
    ...['--api-ssl-key', own, '--api-ssl-cert', own, '--api-ssl-ca', apiAuthorities],
    ...['--api-ssl-request-cert', '--api-ssl-reject-unauthorized'],
    ...['--client-ssl-key', own, '--client-ssl-cert', own, '--client-ssl-ca', targetAuthorities],
    ...['--client-ssl-request-cert', '--client-ssl-reject-unauthorized'],
  ];
}

async function write(path: string, text: string): Promise<void> {
  const part = `${path}.${randomUUID()}.part`;
  await writeFile(part, text, { mode: 0o600 });
  await rename(part, path);
}
