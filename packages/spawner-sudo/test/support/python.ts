import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../posix/test/support/test-machine.ts';
import { clone, type SudoMachine } from './sudo-machine.ts';

const venv = process.env.HUB_TEST_VENV ?? join(clone, '.venv');
type Program = 'jupyterhub' | 'jupyterhub-singleuser' | 'sudospawner';

/** Why these cannot be had; null when they can. With `CI` set they have to. */
export function missingPython(...names: readonly Program[]): string | null {
  const missing = names.filter((name) => !existsSync(join(venv, 'bin', name)));
  if (missing.length === 0 || process.env.CI) return null;
  return `${missing.join(', ')} in ${venv} missing: npm test installs it`;
}

/**
 * Puts programs of `.venv` into the folder of root's, as unmodified as there, with a Python that every account may run:
 * that of `.venv` may lie in root's home.
 */
export async function installPython(machine: SudoMachine, ...names: readonly Program[]): Promise<void> {
  const version = await pythonVersion(join(venv, 'bin/python'));
  const environment = join(machine.bin, 'python');
  const made = await run(await sharedPython(version), ['-m', 'venv', '--without-pip', environment]);
  if (made.status !== 0) throw new Error(`no environment: ${made.stderr}`);
  const packages = `lib/python${version}/site-packages`;
  await mkdir(join(environment, packages), { recursive: true });
  await writeFile(join(environment, packages, 'hub-test.pth'), `${join(await realpath(venv), packages)}\n`);
  for (const name of names) {
    const text = await readFile(join(venv, 'bin', name), 'utf8');
    await machine.program(name, text.replace(/^#!.*/, `#!${environment}/bin/python`));
  }
}

/** A Python of this version that accounts other than root may run. */
async function sharedPython(version: string): Promise<string> {
  const candidates = [
    await realpath(join(venv, 'bin/python')),
    `/usr/local/bin/python${version}`,
    `/usr/bin/python${version}`,
  ];
  for (const python of candidates) {
    const mayRun = ['/bin/sh', '-c', 'test -x "$1"', 'sh', python];
    const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--', ...mayRun];
    if ((await run('setpriv', asNobody)).status === 0) return python;
  }
  throw new Error(`No Python ${version} that every account may run: looked at ${candidates.join(', ')}.`);
}

async function pythonVersion(python: string): Promise<string> {
  const { stdout } = await run(python, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])']);
  return stdout.trim();
}
