import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { RequestView } from '@hub/core/plugin';
import { expect, it } from 'vitest';
import { listAuthenticator } from './list-authenticator.ts';

const lifecycle = { onStart: () => {}, onStop: () => {} };
const options = { users: ['ada', 'grace'], password: 'correct horse' };
const authenticator = listAuthenticator(options).create({ options, lifecycle, id: 'list' });

it.each([
  ['ada', 'correct horse', { name: 'ada' }],
  ['ada', 'a guess', null],
  ['ada', '', null],
  ['eve', 'correct horse', null],
])('given %s with "%s", the list answers %j', async (username, password, answer) => {
  // This authenticator looks at the form alone.
  const request = {} as RequestView;
  expect(await authenticator.authenticate(request, { username, password })).toEqual(answer);
});

it('is what the how-to shows', () => {
  const guide = readFileSync(
    path.resolve(import.meta.dirname, '../../docs/how-to/write-a-plugin.md'),
    'utf8',
  );
  const shown = /^ {3}```ts\n(.*?)^ {3}```/ms.exec(guide)?.[1]?.replaceAll(/^ {3}/gm, '');
  expect(shown).toBe(readFileSync(path.join(import.meta.dirname, 'list-authenticator.ts'), 'utf8'));
});
