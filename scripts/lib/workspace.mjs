import { access, constants, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { fingerprint, unlessDone } from './stamp.mjs';
import { downloading, run, Stop, step } from './steps.mjs';

/** The clone. */
export const root = path.resolve(fileURLToPath(import.meta.url), '../../..');
/** The workspace's own Node, present after `installWorkspace`. */
export const node = path.join(root, 'node_modules/.bin/node');

const stamps = path.join(root, 'node_modules/.hub');
const at = (...parts) => path.join(root, ...parts);
const exists = (file) =>
  access(file).then(
    () => true,
    () => false,
  );

/** The user's environment with the workspace's programs first on the path. */
export function environment(more = {}) {
  return {
    ...process.env,
    PATH: `${at('node_modules/.bin')}${path.delimiter}${process.env.PATH ?? ''}`,
    ...more,
  };
}

/** Refuses early where nothing can be written. */
export async function requireWritableClone() {
  await access(root, constants.W_OK).catch((error) => {
    throw new Stop(
      `${root} cannot be written (${error.code}). Clone into a folder of your own and start there.`,
    );
  });
}

/** Runs the package manager in the version the workspace names. */
export async function pnpm(args, options = {}) {
  const { packageManager } = JSON.parse(await readFile(at('package.json'), 'utf8'));
  return run('npx', ['--prefer-offline', '--yes', packageManager, ...args], { cwd: root, ...options });
}

/** Names of the folders below `packages/`. */
export async function packageFolders() {
  const names = (await readdir(at('packages'))).sort();
  const found = [];
  for (const name of names)
    if (await exists(at('packages', name, 'package.json'))) found.push(at('packages', name));
  return found;
}

/** Installs what the lock file names, unless that is what is there. */
export async function installWorkspace(signal) {
  const members = [...(await packageFolders()), ...(await folders('examples')), at('bench')];
  const manifests = members.map((folder) => path.join(folder, 'package.json'));
  const state = () =>
    fingerprint(
      [
        at('package.json'),
        at('pnpm-lock.yaml'),
        at('pnpm-workspace.yaml'),
        ...manifests,
        at('node_modules/.pnpm/lock.yaml'),
      ],
      { more: [root, process.platform, process.arch] },
    );
  await unlessDone(path.join(stamps, 'installed'), state, () =>
    step('Installing packages', () =>
      downloading(
        'packages',
        // Development packages are what builds and runs a clone, whatever NODE_ENV says; CI=true keeps pnpm
        // from asking questions when it replaces an older node_modules.
        pnpm(['install', '--frozen-lockfile', '--prod=false'], {
          signal,
          env: { ...process.env, CI: 'true' },
        }),
      ),
    ),
  );
  if (!(await exists(node)))
    throw new Stop(
      `There is no Node for ${process.platform} ${process.arch} in the workspace. ` +
        'Run the hub with a Node of your own (see "engines" in packages/core/package.json).',
    );
}

/**
 * Builds the packages whose sources changed since the last build.
 * @param {'run' | 'publish'} purpose `run` leaves out type declarations, which take most of the time
 */
export async function buildPackages(purpose, signal) {
  const places = [...(await packageFolders()), at('tsup.base.ts'), at('pnpm-lock.yaml')];
  const skip = /^(node_modules|dist|test|.*\.test\.tsx?|README\.md)$/;
  const state = async () => {
    const dists = await Promise.all(
      (await packageFolders()).map((folder) => exists(path.join(folder, 'dist'))),
    );
    return `${purpose} ${await fingerprint(places, { skip, more: dists.map(String) })}`;
  };
  const stamp = path.join(stamps, 'built');
  // What was built for publishing runs as well.
  if (
    purpose === 'run' &&
    (await readFile(stamp, 'utf8').catch(() => '')) === (await state()).replace('run', 'publish')
  )
    return;
  await unlessDone(stamp, state, () =>
    step('Building packages', () =>
      pnpm(['--recursive', '--filter', './packages/*', 'run', 'build'], {
        signal,
        env: environment({ HUB_BUILD: purpose }),
      }),
    ),
  );
}

async function folders(below) {
  const entries = await readdir(at(below), { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => at(below, entry.name));
}
