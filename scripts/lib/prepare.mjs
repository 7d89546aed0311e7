import { installFuzzer, installOtherServers, installPython } from './python.mjs';
import { buildPackages, installWorkspace, requireWritableClone } from './workspace.mjs';

/**
 * Makes a clone ready: packages and build on one side, JupyterLab on the other, both at once.
 * @param {{ build?: 'run' | 'publish', tests?: boolean }} [options] `build`: what to build for, nothing when left
 * out; `tests`: with what only the tests need
 */
export async function prepare({ build, tests = false } = {}) {
  await requireWritableClone();
  const failed = new AbortController();
  const packages = async () => {
    await installWorkspace(failed.signal);
    if (build) await buildPackages(build, failed.signal);
  };
  const works = [
    packages(),
    installPython(failed.signal),
    ...(tests ? [installOtherServers(failed.signal), installFuzzer(failed.signal)] : []),
  ];
  try {
    await Promise.all(works);
  } catch (error) {
    failed.abort();
    await Promise.allSettled(works);
    throw error;
  }
}
