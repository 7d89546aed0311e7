import { readFileSync } from 'node:fs';
import { spawnerOptions } from '@hub/core/plugin';
import { expect, it } from 'vitest';
import { sudoSpawner } from '../src/index.ts';

const { properties } = sudoSpawner.definition.options;

it('the table of options in the README is complete', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const rows = [...readme.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  const own = Object.keys(properties).filter((name) => !(name in spawnerOptions));
  expect(rows.toSorted()).toEqual(own.toSorted());
});

it('P327: a command is a mistake, all other options of spawners are there', () => {
  const common = Object.keys(spawnerOptions).filter((name) => name !== 'command');
  expect(Object.keys(properties)).toEqual(expect.arrayContaining(common));
  expect(properties).not.toHaveProperty('command');
});
