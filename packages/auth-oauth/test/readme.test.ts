import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { oauth2Authenticator, oidcAuthenticator } from '../src/index.ts';
import { commonProperties } from '../src/options.ts';

it('the tables of options in the README are complete', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const rows = [...readme.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  const own = [oidcAuthenticator, oauth2Authenticator].flatMap(({ preset }) =>
    Object.keys(preset.properties),
  );
  expect(rows.toSorted()).toEqual([...Object.keys(commonProperties), ...own].toSorted());
});
