import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { hookProblems } from '../../src/hub/hooks.ts';
import { spawnerOptions } from '../../src/index.ts';

const page = await readFile(
  new URL('../../../../docs/reference/spawner-options.md', import.meta.url),
  'utf8',
);
const rows = page.split('\n').filter((line) => line.startsWith('|'));

it('the reference of spawners names every common option, and whether it may be a function', () => {
  for (const [name, schema] of Object.entries(spawnerOptions)) {
    const row = rows.find((line) => line.includes(`\`${name}\``));
    expect(row, name).toBeDefined();
    expect(row?.split('|')[3]?.trim() === 'ƒ', name).toBe('perLaunch' in schema);
  }
});

it('the reference of spawners names every hook around servers', () => {
  const [problem = ''] = hookProblems({ unknown: true } as never, []);
  const names = problem
    .replace(/^.*those there are: /, '')
    .replace(/\.$/, '')
    .split(', ');
  expect(names).toContain('beforeSpawn');
  for (const name of names.filter((one) => !['postAuth', 'reconcileAuthState'].includes(one))) {
    expect(page, name).toContain(`\`hooks.${name}\``);
  }
});
