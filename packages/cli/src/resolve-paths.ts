import path from 'node:path';
import type { HubConfig } from '@hub/core';

const scheme = 'private:';

/**
 * Relative paths of a configuration start at the folder of its file, so that the hub is the same one whichever
 * folder the command is run in. What is of a wrong type stays as it is; the hub says so.
 */
export function resolvePaths(config: HubConfig, folder: string): HubConfig {
  const { dataFolder, database, cookies, cryptKeysFile } = config;
  const named =
    typeof database === 'string' && database.startsWith(scheme) ? database.slice(scheme.length) : '';
  const isRoot = process.getuid?.() === 0;
  const resolved = { ...config };
  if (named !== '') Object.assign(resolved, { database: scheme + path.resolve(folder, named) });
  if (typeof dataFolder === 'string' && dataFolder !== '') {
    Object.assign(resolved, { dataFolder: path.resolve(folder, dataFolder) });
  } else if (!dataFolder && named === '' && !isRoot) {
    // Root's usual folder is absolute.
    Object.assign(resolved, { dataFolder: path.join(folder, 'hub-data') });
  }
  if (typeof cookies?.secretFile === 'string' && cookies.secretFile !== '') {
    const secretFile = path.resolve(folder, cookies.secretFile);
    Object.assign(resolved, { cookies: { ...cookies, secretFile } });
  }
  if (typeof cryptKeysFile === 'string' && cryptKeysFile !== '') {
    Object.assign(resolved, { cryptKeysFile: path.resolve(folder, cryptKeysFile) });
  }
  return resolved;
}
