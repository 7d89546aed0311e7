import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { domainRooms, notForTheDomain, rooms } from './rooms.ts';
import { type SourceFile, type SourceImport, shippedSources } from './source-imports.ts';

const packages = path.resolve(import.meta.dirname, '../..');
const core = path.join(packages, 'core/src');
const sources = shippedSources(core);
/** Outside all rooms: constants that every room may know, and that know nothing themselves. */
const facts = [path.join(core, 'version.ts')];

/** Every import of these files that breaks a rule, as `file:line imports what`. */
function breaches(
  files: readonly SourceFile[],
  breaks: (entry: SourceImport, file: SourceFile) => boolean,
): string[] {
  return files.flatMap((file) =>
    file.imports
      .filter((entry) => breaks(entry, file))
      .map((entry) => `${path.relative(packages, file.path)}:${entry.line} imports ${entry.from}`),
  );
}

/** `servers` for a file in that room; `null` for the package's own files, such as its entry. */
function roomOf(file: string): string | null {
  const [first = '', ...rest] = path.relative(core, file).split(path.sep);
  return rest.length > 0 ? first : null;
}

function target(entry: SourceImport, file: SourceFile): string | null {
  return entry.from.startsWith('.') ? path.resolve(path.dirname(file.path), entry.from) : null;
}

describe('rooms of core', () => {
  it('are those of the table', () => {
    const found = new Set(sources.map((file) => roomOf(file.path)).filter((room) => room !== null));
    expect([...found].filter((room) => !(room in rooms))).toEqual([]);
  });

  it.each(Object.entries(rooms))('%s imports only rooms below it', (name, room) => {
    const files = sources.filter((file) => roomOf(file.path) === name);
    const forbidden = (entry: SourceImport, file: SourceFile): boolean => {
      const to = target(entry, file);
      if (to === null) return false;
      const other = roomOf(to);
      if (other === name) return false;
      if (other === null) return !facts.includes(to);
      return !(room.value.includes(other) || (entry.typeOnly && room.type?.includes(other)));
    };
    expect(breaches(files, forbidden)).toEqual([]);
  });

  it('of the domain know neither the web framework nor the database layer', () => {
    const files = sources.filter((file) => domainRooms.has(roomOf(file.path) ?? ''));
    expect(breaches(files, (entry) => notForTheDomain.test(entry.from))).toEqual([]);
  });

  it('share facts that import nothing but the manifest', () => {
    expect(
      breaches(
        sources.filter((file) => facts.includes(file.path)),
        (entry) => entry.from !== '../package.json',
      ),
    ).toEqual([]);
  });

  it('plugin has no run-time dependency', () => {
    const files = sources.filter((file) => roomOf(file.path) === 'plugin');
    expect(files.length).toBeGreaterThan(0);
    expect(breaches(files, (entry) => !entry.from.startsWith('.') && !entry.typeOnly)).toEqual([]);
  });

  it('have no circle of files that import each other', () => {
    expect(circles(sources).map((circle) => circle.map((file) => path.relative(core, file)))).toEqual([]);
  });
});

describe('packages', () => {
  const kinds = { plugin: /^(auth|spawner|proxy|service)-|^web$/, library: /^posix$/ };
  const folders = readdirSync(packages).filter((name) =>
    existsSync(path.join(packages, name, 'package.json')),
  );
  const plugins = folders.filter((folder) => kinds.plugin.test(folder));
  const ofHub = (entry: SourceImport): boolean => entry.from.startsWith('@hub/');

  it.each(plugins)('%s imports the plugin interfaces and @hub/posix, no other package of the hub', (name) => {
    const files = shippedSources(path.join(packages, name, 'src'));
    const allowed = new Set(['@hub/core/plugin', '@hub/posix']);
    expect(breaches(files, (entry) => ofHub(entry) && !allowed.has(entry.from))).toEqual([]);
  });

  it.each(plugins)('%s has core as a peer, so that a program holds one core', (name) => {
    const manifest = JSON.parse(readFileSync(path.join(packages, name, 'package.json'), 'utf8'));
    expect(manifest.peerDependencies).toHaveProperty('@hub/core');
    expect(Object.keys(manifest.dependencies ?? {}).filter((it) => /^@hub\/(?!posix$)/.test(it))).toEqual([]);
  });

  it('@hub/posix imports nothing of the hub', () => {
    expect(breaches(shippedSources(path.join(packages, 'posix/src')), ofHub)).toEqual([]);
  });

  it('@hub/core imports no other package of the hub but @hub/posix', () => {
    expect(breaches(sources, (entry) => ofHub(entry) && entry.from !== '@hub/posix')).toEqual([]);
  });

  it('reach into no other package by a path', () => {
    const outside = (entry: SourceImport, file: SourceFile): boolean => {
      const to = target(entry, file);
      const own = path.join(packages, path.relative(packages, file.path).split(path.sep)[0] ?? '');
      return to !== null && !`${to}/`.startsWith(`${own}/`);
    };
    const files = folders.flatMap((folder) => shippedSources(path.join(packages, folder, 'src')));
    expect(breaches(files, outside)).toEqual([]);
  });
});

/** Circles among run-time imports; types may name each other, as nothing of that is left when the code runs. */
function circles(files: readonly SourceFile[]): string[][] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const found: string[][] = [];
  const visit = (file: SourceFile, trail: readonly string[]): void => {
    const begin = trail.indexOf(file.path);
    if (begin !== -1) found.push([...trail.slice(begin), file.path]);
    if (begin !== -1 || done.has(file.path)) return;
    for (const entry of file.imports) {
      const next = entry.typeOnly ? undefined : byPath.get(target(entry, file) ?? '');
      if (next) visit(next, [...trail, file.path]);
    }
    done.add(file.path);
  };
  for (const file of files) visit(file, []);
  return found;
}
