import { join } from 'node:path';
import type { CertificateFiles, ServerCertificate } from '@hub/core/plugin';
import { type LaunchFiles, launchFiles, type RunAs, volatileFolder } from '@hub/posix';

const names = { keyFile: 'server.key', certFile: 'server.crt', caFile: 'authorities.crt' } as const;

/** Where the certificates of servers are: in the hub's folder, and for accounts of the system below `/run`. */
export function certificateFolders(folder: string, owner: string): LaunchFiles {
  return launchFiles({
    ownFolder: join(folder, 'certificates'),
    sharedFolder: join(volatileFolder('hub-certificates'), owner.replace(/[^\w.-]/g, '-')),
    names: Object.values(names),
  });
}

/** Hands a launch its certificate (P308, W105); `undefined` where there is none. Throws a launch error. */
export async function placeCertificate(
  { key: launchKey, tls }: { readonly key: string; readonly tls: ServerCertificate | null },
  as: RunAs | null,
  folders: LaunchFiles,
): Promise<CertificateFiles | undefined> {
  if (!tls) return undefined;
  const { keyFile, certFile, caFile } = names;
  const files = { [keyFile]: tls.key, [certFile]: tls.certificate, [caFile]: tls.authorities };
  const folder = await folders.place(launchKey, files, as);
  return {
    keyFile: join(folder, keyFile),
    certFile: join(folder, certFile),
    caFile: join(folder, caFile),
  };
}
