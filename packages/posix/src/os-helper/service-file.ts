import { accessSync, constants, readFileSync } from 'node:fs';

/** Where PAM looks for services: its own folder, then those of packages, then the one file of old. */
export const serviceFolders = ['/etc/pam.d', '/usr/lib/pam.d', '/usr/etc/pam.d', '/usr/share/pam.d'] as const;
const onlyFile = '/etc/pam.conf';

/**
 * The file that describes a service; null when there is none. libpam itself takes the service `other` then, which
 * lets in whom nobody meant, or nobody at all.
 */
export function serviceFile(service: string): string | null {
  const file = serviceFolders.map((folder) => `${folder}/${service}`).find(isReadable);
  if (file) return file;
  if (!isReadable(onlyFile)) return null;
  const named = readFileSync(onlyFile, 'utf8').split('\n');
  return named.some((line) => line.trim().split(/\s+/)[0] === service) ? onlyFile : null;
}

/** Can the passwords of this machine's own accounts be read? */
export function shadowState(): 'readable' | 'unreadable' | 'absent' {
  try {
    accessSync('/etc/shadow', constants.R_OK);
    return 'readable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'absent' : 'unreadable';
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
