import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const clone = new URL('../../../../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, clone), 'utf8');

it.each(['requirements.txt', 'compat-requirements.txt'])('the reference tells the versions of %s', (file) => {
  const pins = [...read(`scripts/python/${file}`).matchAll(/^([\w-]+)==(\S+)$/gm)];
  expect(pins.length).toBeGreaterThan(2);
  const page = read('docs/reference/single-user-servers.md');
  const told = page.split('\n').filter((line) => line.startsWith('|'));
  const plain = (text: string) => text.toLowerCase().replaceAll('_', '-');
  const missing = pins.filter(
    ([, name = '', version = '']) =>
      !told.some((row) => {
        const [, title = '', versions = ''] = row.split('|');
        const isIt = plain(title).includes(name === 'jupyterhub' ? 'jupyterhub-singleuser' : plain(name));
        return isIt && versions.split(/[^\d.]+/).includes(version);
      }),
  );
  expect(missing.map(([pin]) => pin)).toEqual([]);
});
