import { access, constants, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { fingerprint, unlessDone } from './stamp.mjs';
import { CommandFailed, downloading, run, Stop, step } from './steps.mjs';
import { root } from './workspace.mjs';

/** Environments of Python programs: what a server is made of, and what only the tests need. */
const servers = {
  title: 'JupyterLab',
  folder: '.venv',
  requirements: 'requirements.txt',
  constraints: 'constraints.txt',
  program: 'jupyterhub-singleuser',
};
const otherServers = {
  title: 'JupyterHub 5 and Notebook 7',
  folder: '.venv-compat',
  requirements: 'compat-requirements.txt',
  constraints: 'compat-constraints.txt',
  program: 'jupyterhub-singleuser',
};
const fuzzer = {
  title: 'Schemathesis',
  folder: '.venv-fuzz',
  requirements: 'fuzz-requirements.txt',
  constraints: 'fuzz-constraints.txt',
  program: 'schemathesis',
};

/** Makes `.venv` with JupyterLab in it, unless it is there; the system's Python is only asked, never changed. */
export const installPython = (signal) => install(servers, signal);

/** Makes `.venv-compat` with the servers that tests try beside those of `.venv`, in the same way. */
export const installOtherServers = (signal) => install(otherServers, signal);

/** Makes `.venv-fuzz` with Schemathesis in it, in the same way. */
export const installFuzzer = (signal) => install(fuzzer, signal);

async function install({ title, folder, program, ...files }, signal) {
  const venv = path.join(root, folder);
  const python = path.join(venv, 'bin/python');
  const requirements = path.join(root, 'scripts/python', files.requirements);
  const constraints = path.join(root, 'scripts/python', files.constraints);
  const state = async () => {
    const programs = await Promise.all([python, path.join(venv, 'bin', program)].map(runs));
    return fingerprint([requirements, constraints], { more: [root, ...programs.map(String)] });
  };
  await unlessDone(path.join(venv, '.hub-installed'), state, async (before) => {
    const system = process.env.PYTHON ?? 'python3';
    await requirePython(system, signal);
    await step(`Installing ${title} into ${folder}`, async () => {
      await run(system, ['-m', 'venv', ...(before === null ? [] : ['--clear']), venv], { signal });
      // JupyterLab brings JavaScript that Node would take for modules below this clone's package.json.
      await writeFile(path.join(venv, 'package.json'), '{ "type": "commonjs" }\n');
      const pip = ['-m', 'pip', 'install', '--disable-pip-version-check'];
      await downloading(
        'Python packages',
        run(python, [...pip, '-r', requirements, '-c', constraints], { signal }),
      );
    });
  });
}

const runs = (file) =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

/** Refuses, and says what to install, without a Python that can make virtual environments. */
async function requirePython(system, signal) {
  const facts = 'import sys; print("%d.%d" % sys.version_info[:2]); import ensurepip, tomllib, venv';
  // tomllib came with Python 3.11, the oldest for which constraints.txt holds.
  try {
    await run(system, ['-c', facts], { signal });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const version = /^3\.\d+/.exec(error.output)?.[0];
    if (!version || error.output.includes('tomllib'))
      throw new Stop(
        `${system} is missing or too old: servers are Python programs. Install Python 3.11 or newer ` +
          '(Debian, Ubuntu: apt-get install python3 python3-venv), or name one in PYTHON.',
      );
    throw new Stop(
      `Python ${version} cannot make virtual environments here. Install its venv module ` +
        `(Debian, Ubuntu: apt-get install python${version}-venv), then run the same command again.`,
    );
  }
}
