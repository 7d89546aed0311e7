import { expect } from 'vitest';
import { createTestHub } from '../../../testing/src/index.ts';
import { itWith, PythonProgram } from './python.ts';

const script = new URL('./token-checks.py', import.meta.url).pathname;
const secret = 'web-secret-of-config';
const actor = { kind: 'hub', name: 'test' } as const;

itWith(
  'python',
  'HubAuth knows tokens, keeps what it knows as long as it may, and refuses the rest (R45, W101)',
  async () => {
    await using hub = await createTestHub({
      roles: [{ name: 'visitor', scopes: ['access:services!service=web'], users: ['ada'] }],
      services: [{ name: 'web', url: 'http://127.0.0.1:9', apiToken: secret }],
    });
    const environment = {
      JUPYTERHUB_API_URL: `${hub.url}/hub/api`,
      JUPYTERHUB_SERVICE_NAME: 'web',
      JUPYTERHUB_SERVICE_PREFIX: '/services/web/',
    };
    await using service = new PythonProgram('python', [script], {
      ...environment,
      JUPYTERHUB_API_TOKEN: secret,
    });
    const ada = await hub.hub.users.get('ada');
    if (!ada) throw new Error('no ada');
    const { token, record } = await hub.hub.tokens.create(actor, ada, { note: 'to be revoked' });
    const known = { name: 'ada', scopes: ['access:services!service=web'] };

    expect(await service.ask([token, true])).toEqual(known);
    expect(await service.ask([await hub.tokenOf('bob'), true])).toEqual({ name: 'bob', scopes: [] });
    expect(await service.ask(['none', true])).toBeNull();

    await hub.hub.tokens.revoke(actor, ada, `a${record.id}`);
    expect(await service.ask([token, true])).toEqual(known); // its own memory, five minutes
    expect(await service.ask([token, false])).toBeNull();

    // A service does not need a right token to ask about another one: it sends the visitor's (W101).
    await using stranger = new PythonProgram('python', [script], {
      ...environment,
      JUPYTERHUB_API_TOKEN: 'wrong',
    });
    expect(await stranger.ask([await hub.tokenOf('ada'), true])).toEqual(known);

    await hub.hub.stop();
    expect(await service.ask([token, false])).toEqual({ error: 500 }); // not "nobody": the hub is away
  },
);
