import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHub, openApiHub } from '../support/api-hub.ts';
import { openPageHub } from '../support/page-hub.ts';

describe('the log of a server', () => {
  let hub: ApiHub;
  beforeAll(async () => {
    hub = await openApiHub({
      servers: { slowStart: 0, named: true },
      spawner: { hostBound: true, environment: { DB_PASSWORD: 'correct horse', GREETING: 'good morning' } },
    });
  });
  afterAll(() => hub[Symbol.asyncDispose]());

  const path = (name: string) => `/users/${name}/server/log`;

  it('is read by its owner while it starts, while it runs, and after it failed', async () => {
    const { engine } = hub.hub;
    const ben = await hub.user('ben');
    expect((await ben.api('GET', path('ben'))).status).toBe(404); // never started
    const go = Promise.withResolvers<void>();
    engine.plan('ben', { afterSave: go.promise, log: 'loading\nextensions: 3\n' });
    await ben.startServer();
    await hub.hub.until(() => engine.of('ben'));
    const starting = await ben.api('GET', path('ben'));
    expect([starting.status, starting.text]).toEqual([200, 'loading\nextensions: 3\n']);
    expect(starting.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(starting.headers['cache-control']).toBe('no-store');
    go.resolve();
    await hub.hub.until(async () => (await hub.hub.phase('ben')) === 'ready');
    expect((await ben.api('GET', `${path('ben')}?bytes=5`)).text).toBe(': 3\n'.padStart(5, 's'));
    for (const bytes of ['0', '-1', 'many', '1e9']) {
      expect((await ben.api('GET', `${path('ben')}?bytes=${bytes}`)).status).toBe(400);
    }

    engine.plan('cyd', { exits: { code: 3 }, log: 'cannot import lab' });
    const cyd = await hub.user('cyd');
    await cyd.startServer();
    await hub.hub.until(async () => (await hub.hub.phase('cyd')) === 'stopped');
    engine.plan('cyd', { log: 'of somebody else by now' });
    expect((await cyd.api('GET', path('cyd'))).text).toBe('cannot import lab');
  });

  it('shows no secret: token, variables, addresses with tokens, cookies, headers', async () => {
    const { engine } = hub.hub;
    const dee = await hub.user('dee');
    let token = '';
    engine.plan('dee', {
      log: ({ JUPYTERHUB_API_TOKEN = '', DB_PASSWORD, GREETING }) => {
        token = JUPYTERHUB_API_TOKEN;
        return [
          `hub token is ${JUPYTERHUB_API_TOKEN}, of another ${'0a'.repeat(16)}`,
          `database opened with ${DB_PASSWORD}; ${GREETING}`,
          'http://127.0.0.1:8888/lab?token=5f4dcc3b5aa765d61d83&x=1 and ?x=1&_xsrf=2|abc',
          'Cookie: session=abc; other=def',
          '{"Authorization": "Bearer abc.def.ghi", "n": 1}',
          'postgres://jane:opensesame@db/x',
        ].join('\n');
      },
    });
    await dee.startServer();
    await hub.hub.until(async () => (await hub.hub.phase('dee')) === 'ready');
    const { text } = await dee.api('GET', path('dee'));
    expect(token).toMatch(/^\w{32,}$/);
    expect(text.split('\n')).toEqual([
      'hub token is [secret], of another [secret]',
      'database opened with [secret]; good morning',
      'http://127.0.0.1:8888/lab?token=[secret]&x=1 and ?x=1&_xsrf=[secret]',
      'Cookie: [secret]',
      '{"Authorization": "Bearer [secret]", "n": 1}',
      'postgres://jane:[secret]@db/x',
    ]);
  });

  it('has no half of a secret where it is cut', async () => {
    const { engine } = hub.hub;
    const eve = await hub.user('eve');
    const line = (n: number, token: string) => `${String(n).padStart(6, '0')} ?token=${token}\n`;
    // What is hidden makes the rest short enough to be shown whole: from the middle of a secret on.
    const body = Array.from({ length: 700 }, (_, n) => line(n, 'x'.repeat(81))).join('');
    const asked = 65_536 + 1_024;
    const head = 'the-second-half-of-a-secret\n';
    engine.plan('eve', {
      log: `${head}${'y'.repeat(asked)}\n${body}`.slice(-asked + head.length).replace(/^/, head),
    });
    await eve.startServer();
    await hub.hub.until(async () => (await hub.hub.phase('eve')) === 'ready');
    const { text } = await eve.api('GET', `${path('eve')}?bytes=99999`);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(65_536);
    expect(text).not.toContain('second-half');
    expect(text.endsWith(line(699, '[secret]'))).toBe(true);
  });

  it('is for its owner and for administrators of servers, not for whom it is shared with', async () => {
    const { engine } = hub.hub;
    engine.plan('fay', { log: 'typed by fay' });
    const fay = await hub.user('fay');
    await fay.startServer();
    await hub.hub.until(async () => (await hub.hub.phase('fay')) === 'ready');
    const who = {
      reader: await hub.service(['read:servers']),
      opener: await hub.service(['access:servers']),
      guest: await hub.user('guest', ['access:servers!server=fay/', 'read:servers!server=fay/']),
      keeper: await hub.service(['admin:servers']),
      other: await hub.service(['admin:servers!user=ben']),
    };
    const status = async (name: keyof typeof who) => (await who[name].api('GET', path('fay'))).status;
    expect([await status('reader'), await status('opener'), await status('guest')]).toEqual([403, 403, 403]);
    expect([await status('keeper'), await status('other')]).toEqual([200, 404]);
    expect((await hub.ada.api('GET', path('fay'))).text).toBe('typed by fay');
    expect((await hub.ada.api('GET', path('nobody'))).status).toBe(404);
    // A token of the owner that may only look at servers is no credential for what they print.
    const made = await fay.api('POST', '/users/fay/tokens', { scopes: ['read:servers!user=fay'] });
    const weak = await hub.hub.request('GET', `/hub/api${path('fay')}`, {
      headers: { authorization: `token ${made.json.token}` },
    });
    expect(weak.status).toBe(403);
  });

  it('on another machine, or of a spawner in trouble, is told to be out of reach', async () => {
    const { engine } = hub.hub;
    const gil = await hub.user('gil');
    await gil.startServer();
    await hub.hub.until(async () => (await hub.hub.phase('gil')) === 'ready');
    engine.plan('gil', {
      log: () => {
        throw new Error('the engine burns');
      },
    });
    const broken = await gil.api('GET', path('gil'));
    expect([broken.status, broken.json.message]).toEqual([
      503,
      'The log of gil cannot be read at the moment.',
    ]);
    await hub.sql`UPDATE servers SET host = 'far' WHERE user_id = (SELECT id FROM users WHERE name = 'gil')`;
    const far = await gil.api('GET', path('gil'));
    expect([far.status, far.json.message]).toEqual([
      503,
      'gil is on the machine "far": only a hub there can read its log.',
    ]);
    await hub.sql`UPDATE servers SET host = NULL WHERE host = 'far'`;
  });

  it('is read once for all who ask at a time', async () => {
    const { engine } = hub.hub;
    const hal = await hub.user('hal');
    await hal.startServer();
    await hub.hub.until(async () => (await hub.hub.phase('hal')) === 'ready');
    const owner = await hub.hub.hub.users.get('hal');
    const row = owner && (await hub.hub.hub.servers.find(owner, ''));
    if (!row) throw new Error('no server');
    let reads = 0;
    engine.plan('hal', { log: () => `read ${++reads}` });
    const texts = await Promise.all(Array.from({ length: 50 }, () => hub.hub.hub.servers.log(row, 100)));
    expect(new Set(texts)).toEqual(new Set(['read 1']));
    expect(await hub.hub.hub.servers.log(row, 100)).toBe('read 2');
  });

  it('is not there where the spawner keeps none', async () => {
    const pages = await openPageHub();
    try {
      await pages.signIn('ada');
      const owner = await pages.users.get('ada');
      if (!owner) throw new Error('no ada');
      const row = { ...(await pages.servers.defaultOf(owner)), attempt: 1 };
      expect(pages.servers.hasLog(row)).toBe(false);
      await expect(pages.servers.log(row, 100)).rejects.toMatchObject({
        status: 404,
        message: 'The spawner fake keeps no logs that could be shown',
      });
    } finally {
      await pages[Symbol.asyncDispose]();
    }
  });
});
