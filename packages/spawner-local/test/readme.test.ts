import { readFileSync } from 'node:fs';
import { spawnerOptions } from '@hub/core/plugin';
import { expect, it } from 'vitest';
import { localSpawner } from '../src/index.ts';

it('the table of options in the README is complete', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const rows = [...readme.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  const own = Object.keys(localSpawner.definition.options.properties).filter(
    (name) => !(name in spawnerOptions),
  );
  expect(rows.toSorted()).toEqual(own.toSorted());
});
