import { statSync } from 'node:fs';
import path from 'node:path';

/**
 * Where the hub keeps its data. PostgreSQL refuses to run as root, so under a root hub it has an account of its
 * own, which cannot pass folders such as `/root`: then the data goes where services keep theirs.
 */
export function usableFolder(preferred: string): string {
  const isRoot = process.getuid?.() === 0;
  return isRoot && !othersMayPass(path.dirname(preferred)) ? '/var/lib/hub-quick-start' : preferred;
}

function othersMayPass(folder: string): boolean {
  const parent = path.dirname(folder);
  return (statSync(folder).mode & 0o001) !== 0 && (parent === folder || othersMayPass(parent));
}
