import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { openApiHub } from '../support/api-hub.ts';

const key = randomBytes(32).toString('hex');

it('keeps auth_state encrypted, and shows it to holders of `admin:auth_state` alone (R64, R65, P134)', async () => {
  await using api = await openApiHub({ cryptKeys: [key] });
  const bob = await api.user('bob');
  const changed = await api.ada.api('PATCH', '/users/bob', { auth_state: { refresh: 'a provider secret' } });
  expect(changed).toMatchObject({ status: 200, json: { auth_state: { refresh: 'a provider secret' } } });

  const [row] = await api.sql`SELECT sealed_auth_state AS sealed FROM users WHERE name = 'bob'`;
  expect(row?.sealed).toMatch(/^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/);
  expect(row?.sealed).not.toContain('provider');

  expect((await api.ada.api('GET', '/users/bob')).json).toMatchObject({
    auth_state: { refresh: 'a provider secret' },
  });
  expect((await bob.api('GET', '/users/bob')).json).not.toHaveProperty('auth_state');
  const listed: unknown = JSON.parse((await api.ada.api('GET', '/users')).text);
  expect(listed).toContainEqual(expect.objectContaining({ name: 'bob', auth_state: null }));
});

it('refuses to write auth_state without a key (R65, ours: 400)', async () => {
  await using api = await openApiHub();
  await api.user('bob');
  expect((await api.ada.api('PATCH', '/users/bob', { auth_state: { refresh: 'x' } })).status).toBe(400);
});
