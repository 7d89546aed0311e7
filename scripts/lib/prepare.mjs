import { installPython } from './python.mjs';
import { buildPackages, installWorkspace, requireWritableClone } from './workspace.mjs';

/**
 * Makes a clone ready: packages and build on one side, JupyterLab on the other, both at once.
 * @param {{ build?: 'run' | 'publish' }} [options] what to build for; nothing is built when left out
 */
export async function prepare({ build } = {}) {
  await requireWritableClone();
  const failed = new AbortController();
  const packages = async () => {
    await installWorkspace(failed.signal);
    if (build) await buildPackages(build, failed.signal);
  };
  const works = [packages(), installPython(failed.signal)];
  try {
    await Promise.all(works);
  } catch (error) {
    failed.abort();
    await Promise.allSettled(works);
    throw error;
  }
}
