import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { pamOptions } from './options.ts';

it('are all in the README, with their defaults', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const rows = [...readme.matchAll(/^\| `(\w+)` \| `([^`]*)` \|/gm)].map(([, name, value]) => [name, value]);
  const options = Object.entries(pamOptions.properties).map(([name, { default: value }]) => [
    name,
    JSON.stringify(value),
  ]);
  expect(rows).toEqual(options);
});
