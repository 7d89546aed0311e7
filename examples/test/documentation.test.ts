import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { settingsSchema } from '../../packages/core/src/index.ts';
import type { OptionSchema } from '../../packages/core/src/plugin/index.ts';

const docs = path.resolve(import.meta.dirname, '../../docs');
const pages = globSync('**/*.md', { cwd: docs }).toSorted();
const textOf = (page: string) => readFileSync(path.join(docs, page), 'utf8');

/** Targets of links on a page, as paths below docs; anchors and other sites left out. */
function linksOf(page: string): readonly string[] {
  const targets = [...textOf(page).matchAll(/\]\((?!\w+:|#)([^)#\s]+)/g)].map(([, target = '']) => target);
  return targets.map((target) => path.normalize(path.join(path.dirname(page), target)));
}

describe('the documentation', () => {
  it.each(pages)('%s links to what is there', (page) => {
    expect(linksOf(page).filter((target) => !existsSync(path.join(docs, target)))).toEqual([]);
  });

  it('can be reached from its first page', () => {
    const reached = new Set<string>();
    const visit = (page: string): void => {
      if (reached.has(page) || !pages.includes(page)) return;
      reached.add(page);
      for (const target of linksOf(page)) visit(target);
    };
    visit('README.md');
    // The contract's own chapters are named in its README without links.
    const lost = pages.filter((page) => !reached.has(page) && !page.startsWith('reference/contract/'));
    expect(lost).toEqual([]);
  });
});

describe('the reference of settings of signing in', () => {
  const page = textOf('reference/sign-in-settings.md');
  const rows = [...page.matchAll(/^\|(.*)\|$/gm)].map(([, row = '']) =>
    row.split('|').map((cell) => cell.trim()),
  );
  const settings = (cell: string) =>
    [...cell.matchAll(/`([a-z]\w*(?:\.\w+)*)`/gi)]
      .map(([, name = '']) => name)
      .filter((name) => known.has(name));
  const known = defaultsOf(settingsSchema);

  it('names every setting of `access` and `signIn`', () => {
    const named = new Set(rows.flatMap((cells) => cells.flatMap(settings)));
    const all = [...known.keys()].filter((name) => /^(access|signIn)\./.test(name));
    expect(all.filter((name) => !named.has(name))).toEqual([]);
  });

  it('tells their defaults', () => {
    const wrong = rows.flatMap((cells) => {
      const at = cells.findIndex((cell) => settings(cell).length > 0);
      const [name] = settings(cells[at] ?? '');
      if (name === undefined || !cells[at]?.startsWith('`')) return [];
      const told = /^`([^`]*)`/.exec(cells[at + 1] ?? '')?.[1]?.replaceAll("'", '"');
      const real = JSON.stringify(known.get(name));
      return told === real ? [] : [`${name}: ${told} is ${real}`];
    });
    expect(wrong).toEqual([]);
  });

  it('names no setting that is not there', () => {
    const named = [...page.matchAll(/`((?:access|signIn|cookies)\.[\w.]+)`/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });
});

function defaultsOf(schema: OptionSchema, prefix = ''): ReadonlyMap<string, unknown> {
  const defaults = new Map<string, unknown>();
  for (const [name, one] of Object.entries(schema.properties ?? {})) {
    const full = `${prefix}${name}`;
    if (Object.keys(one.properties ?? {}).length === 0) defaults.set(full, one.default);
    else for (const [inner, value] of defaultsOf(one, `${full}.`)) defaults.set(inner, value);
  }
  return defaults;
}
