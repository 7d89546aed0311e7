import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHub, openApiHub } from '../support/api-hub.ts';

describe('options that a hostile user chooses', () => {
  let hub: ApiHub;
  beforeAll(async () => {
    hub = await openApiHub({ servers: { slowStart: 30, named: true } });
  });
  afterAll(() => hub[Symbol.asyncDispose]());

  let users = 0;
  const startWith = async (body: string) => {
    users += 1;
    const user = await hub.user(`user-${users}`);
    const { status } = await hub.hub.request('POST', `/hub/api/users/${user.name}/server`, {
      token: user.token,
      headers: { 'content-type': 'application/json' },
      body,
    });
    // Whoever lists all users still can, and no object of the hub has changed.
    const list = await hub.ada.api('GET', '/users');
    expect(list.status).toBe(200);
    expect('polluted' in {}).toBe(false);
    return { status, stored: hub.hub.engine.of(user.name)?.userOptions };
  };

  it.each([
    ['a prototype', '{"__proto__":{"polluted":1}}'],
    ['a prototype further in', '{"user_options":{"a":[{"__proto__":{"polluted":1}}]}}'],
    ['a key of the hub', '{"a":[{"__jupyterhub_bytes__":true}]}'],
    ['NUL', '{"a":"\\u0000"}'],
    ['half a character', '{"\\ud800":1}'],
    ['more nesting than Python reads', `${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}`],
    ['more nesting than a stack has room for', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['more than any form asks', `{"a":"${'x'.repeat(70_000)}"}`],
    ['a list', '[1]'],
  ])('%s is refused', async (_, body) => {
    const { status, stored } = await startWith(body);
    expect(stored).toBeUndefined();
    expect(status).toBe(400);
  });

  it('nor are more stored without a start', async () => {
    const eve = await hub.user('eve');
    const large = { user_options: { a: 'x'.repeat(70_000) } };
    expect((await eve.api('PUT', '/users/eve/servers/a', large)).status).toBe(400);
    expect((await eve.api('PUT', '/users/eve/servers/a')).status).toBe(201);
    expect((await eve.api('PATCH', '/users/eve/servers/a', large)).status).toBe(400);
  });

  it('names that objects have are names like any other', async () => {
    const options = {
      constructor: { prototype: { polluted: 1 } },
      toString: 1,
      hasOwnProperty: null,
    };
    expect(await startWith(JSON.stringify(options))).toEqual({ status: 201, stored: options });
  });
});
