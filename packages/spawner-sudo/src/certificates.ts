import { join } from 'node:path';
import type { CertificateFiles, Launch } from '@hub/core/plugin';
import type { Account } from '@hub/posix';

/** What the mediator is asked to write into the home of its user, under a name of the launch's own. */
export interface CertificateOrder {
  readonly key: string;
  readonly files: Readonly<Record<'server.key' | 'server.crt' | 'authorities.crt', string>>;
}

/** Names the certificates of a launch among those of all hubs that a user has servers of. */
export function certificateKey(owner: string, launchKey: string): string {
  return `${owner.replace(/[^\w-]/g, '-')}-${launchKey}`;
}

/** What is to be written, and where the server finds it (W105); `null` without internal TLS. */
export function certificateOrder(
  { key: launchKey, tls }: Pick<Launch, 'key' | 'tls'>,
  owner: string,
  { home }: Pick<Account, 'home'>,
): { readonly order: CertificateOrder; readonly files: CertificateFiles } | null {
  if (!tls) return null;
  const key = certificateKey(owner, launchKey);
  // As the mediator has it: it writes nowhere else.
  const folder = join(home, '.jupyterhub', 'jupyterhub-certs', key);
  return {
    order: {
      key,
      files: { 'server.key': tls.key, 'server.crt': tls.certificate, 'authorities.crt': tls.authorities },
    },
    files: {
      keyFile: join(folder, 'server.key'),
      certFile: join(folder, 'server.crt'),
      caFile: join(folder, 'authorities.crt'),
    },
  };
}
