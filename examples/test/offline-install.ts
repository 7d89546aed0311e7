import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';

interface Manifest {
  readonly name: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const clone = path.resolve(import.meta.dirname, '../..');

/**
 * Does what `npm install <names>` would, without a registry: packages of the workspace come from the archives in
 * `archives`, or as links to their sources when there are none; what they depend on from the workspace's own
 * installation.
 */
export function installOffline(folder: string, names: readonly string[], archives: string | undefined): void {
  for (const name of names) {
    const target = path.join(folder, 'node_modules', name);
    if (existsSync(target)) continue;
    const source = path.join(clone, 'packages', name.replace('@hub/', ''));
    mkdirSync(path.dirname(target), { recursive: true });
    if (archives === undefined) symlinkSync(source, target);
    else unpack(archiveOf(name, archives), target);
    const manifest: Manifest = JSON.parse(readFileSync(path.join(target, 'package.json'), 'utf8'));
    linkCommands(folder, target, manifest, archives === undefined);
    const needed = Object.keys({
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
      ...manifest.peerDependencies,
    });
    installOffline(
      folder,
      needed.filter((one) => one.startsWith('@hub/')),
      archives,
    );
    if (archives === undefined) continue; // a link finds what its source has
    for (const one of needed.filter((other) => !other.startsWith('@hub/'))) {
      linkDependency(target, one, path.join(source, 'node_modules', one));
    }
  }
}

function archiveOf(name: string, archives: string): string {
  const start = `${name.replace('@', '').replace('/', '-')}-`;
  const found = readdirSync(archives).find(
    (file) => file.startsWith(start) && /^\d/.test(file.slice(start.length)),
  );
  if (found) return path.join(archives, found);
  throw new Error(`There is no archive of ${name} in ${archives}.`);
}

function unpack(archive: string, target: string): void {
  mkdirSync(target);
  execFileSync('tar', ['-xzf', archive, '-C', target, '--strip-components=1']);
}

function linkDependency(target: string, name: string, from: string): void {
  if (!existsSync(from)) return; // an optional one of another platform
  const link = path.join(target, 'node_modules', name);
  mkdirSync(path.dirname(link), { recursive: true });
  symlinkSync(realpathSync(from), link);
}

function linkCommands(folder: string, target: string, { bin = {} }: Manifest, fromSource: boolean): void {
  const commands = path.join(folder, 'node_modules/.bin');
  mkdirSync(commands, { recursive: true });
  for (const [name, file] of Object.entries(bin)) {
    const program = path.join(
      target,
      fromSource ? file.replace('dist/', 'src/').replace(/\.js$/, '.ts') : file,
    );
    if (!fromSource) chmodSync(program, 0o755);
    symlinkSync(program, path.join(commands, name));
  }
}
