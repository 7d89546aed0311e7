import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from '../../test/support/browser.ts';
import { fakeSpawner } from '../../test/support/fake-spawner.ts';
import { openPageHub, type PageHub, tester } from '../../test/support/page-hub.ts';
import { systemClock } from '../kernel/index.ts';

let hub: PageHub;
let ada: Browser;
const sleeps: number[] = [];
/** Waits of the redirect loop are noted instead of waited for. */
const clock = {
  ...systemClock,
  sleep: async (ms: number, signal?: AbortSignal) => {
    if (ms > 10_000) return systemClock.sleep(ms, signal);
    sleeps.push(ms);
  },
};

beforeAll(async () => {
  hub = await openPageHub({ named: true, deps: { clock }, settings: { implicitStartSeconds: 7 } });
  ada = await hub.signIn('ada');
  await hub.user('grace');
});
afterAll(() => hub[Symbol.asyncDispose]());

const gone = (path: string, restart: string) => ({
  message: `JupyterHub server no longer running at ${path}. Restart the server at ${hub.origin}${restart}`,
});

async function tokenOf(name: string): Promise<string> {
  const user = await hub.users.get(name);
  if (!user) throw new Error(`no user ${name}`);
  return (await hub.tokens.create(tester, user, { scopes: ['access:servers!user'] })).token;
}

describe('a stopped server', () => {
  it.each([
    ['/hub/user/ada/api/status', {}],
    ['/hub/user/ada/lab/api', {}],
    ['/hub/user/ada/lab', { accept: 'application/json' }],
    ['/hub/user/ada/lab', { accept: 'text/html;q=0.5, application/json' }],
  ])('answers %s with %j by 424 and the words clients look for (W38)', async (path, headers) => {
    const answer = await ada.get(path, headers);
    expect([answer.status, answer.headers['content-type']]).toEqual([424, 'application/json']);
    expect(JSON.parse(answer.text)).toEqual(gone(path.slice('/hub'.length), '/hub/spawn/ada'));
  });

  it('takes a token, and its use is no activity (W13, W41)', async () => {
    const authorization = `token ${await tokenOf('grace')}`;
    const { status } = await hub.browser().get('/hub/user/grace/api/status', { authorization });
    await hub.lastSeen.drain();
    expect([status, (await hub.users.get('grace'))?.lastActivity]).toEqual([424, null]);
  });

  it('is there for those who may open this server alone (W35)', async () => {
    const answers = async (name: string, scope: string) => {
      await hub.user(name);
      await hub.sql`WITH role AS (INSERT INTO roles (name, description, scopes)
          VALUES (${`of-${name}`}, '', ${JSON.stringify([scope])}::jsonb) RETURNING id)
        INSERT INTO user_roles (user_id, role_id)
          SELECT users.id, role.id FROM users, role WHERE users.name = ${name}`;
      const browser = await hub.signIn(name);
      const paths = ['/hub/user/ada/lab', '/hub/user/ada/tpu/lab', '/hub/user/grace/'];
      return Promise.all(paths.map(async (path) => (await browser.get(path)).status));
    };
    expect(await answers('iris', 'access:servers!server=ada/')).toEqual([424, 424, 404]);
    expect(await answers('june', 'access:servers!server=ada/tpu')).toEqual([404, 424, 404]);
  });

  it.each(['text/html', '*/*', 'text/html, application/json', 'application/json;q=0.1, text/html'])(
    'answers Accept: %s by a page with the way back (W39)',
    async (accept) => {
      const { status, text } = await ada.get('/hub/user/ada/lab?x=1', { accept });
      expect(status).toBe(424);
      expect(text).toContain('href="/hub/spawn/ada?next=%2Fhub%2Fuser%2Fada%2Flab%3Fx%3D1"');
      expect(text).toContain('content="7;url=/hub/spawn/ada?next=');
    },
  );

  it('is not there for people who may not open it, existing or not (W35)', async () => {
    const paths = ['/hub/user/grace/', '/hub/user/grace/api/status', '/hub/user/nobody/', '/hub/user/'];
    const answers = await Promise.all(paths.map((path) => ada.get(path)));
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    const pages = answers.slice(0, 3).map(({ text }) => /<\/h1>\s*<p>(.*?)<\/p>/s.exec(text)?.[1]);
    expect(new Set(pages).size).toBe(1);
  });

  it('sends strangers to the login page on GET alone (W35, W40)', async () => {
    const stranger = hub.browser();
    expect((await stranger.get('/hub/user/ada/api/status')).headers.location).toBe(
      '/hub/login?next=%2Fhub%2Fuser%2Fada%2Fapi%2Fstatus',
    );
    const posted = await stranger.post('/hub/user/ada/api/kernels');
    expect([posted.status, JSON.parse(posted.text)]).toEqual([
      424,
      gone('/user/ada/api/kernels', '/hub/spawn/ada'),
    ]);
  });

  it.each([
    ['POST', 403, 424],
    ['PATCH', 403, 424],
    ['DELETE', 403, 424],
    ['PUT', 403, 405],
    ['HEAD', 405, 405],
    ['OPTIONS', 405, 405],
  ])(
    'outside of api, %s is %i without a token for forms and %i with one (W40)',
    async (method, without, having) => {
      expect((await ada.request(method, '/hub/user/ada/lab')).status).toBe(without);
      const headers = { 'x-xsrftoken': ada.cookie('_xsrf') ?? '' };
      expect((await ada.request(method, '/hub/user/ada/lab', { headers })).status).toBe(having);
    },
  );

  it.each(['PUT', 'POST', 'PATCH', 'DELETE', 'HEAD'])('in api, %s is always 424', async (method) => {
    const { status } = await ada.request(method, '/hub/user/ada/api/contents/a.ipynb');
    expect(status).toBe(424);
  });

  it('is named to those who may open it, when the path names one (W36, W38)', async () => {
    const owner = await hub.users.get('ada');
    if (!owner) throw new Error('no ada');
    await hub.addServer(owner, 'gpu');
    const paths = { '/user/ada/gpu/api/x': '/hub/spawn/ada/gpu', '/user/ada/cpu/api/x': '/hub/spawn/ada' };
    for (const [path, restart] of Object.entries(paths)) {
      expect(JSON.parse((await ada.get(`/hub${path}`)).text)).toEqual(gone(path, restart));
    }
    // Others do not learn which servers there are.
    const asked = await hub.browser().post('/hub/user/ada/gpu/api/x');
    expect(JSON.parse(asked.text)).toEqual(gone('/user/ada/gpu/api/x', '/hub/spawn/ada'));
  });

  it('answers 503 to old clients where the operator wants it (W38)', async () => {
    await using old = await openPageHub({ settings: { stoppedStatus: 503 } });
    const browser = await old.signIn('ada');
    expect((await browser.get('/hub/user/ada/api/status')).status).toBe(503);
    expect((await browser.get('/hub/user/ada/')).status).toBe(503);
  });
});

describe('a server under way', () => {
  it('is 424 for clients and leads people to the page that follows it (W38, W39)', async () => {
    const spawner = fakeSpawner();
    let go = () => {};
    spawner.script.until = new Promise((resolve) => {
      go = resolve;
    });
    await using slow = await openPageHub({ spawner });
    const browser = await slow.signIn('ada');
    await browser.get('/hub/spawn');
    expect((await browser.get('/hub/user/ada/api/status')).status).toBe(424);
    const { status, headers } = await browser.get('/hub/user/ada/lab?x=1');
    expect([status, headers.location]).toEqual([
      303,
      '/hub/spawn-pending/ada?next=%2Fhub%2Fuser%2Fada%2Flab%3Fx%3D1',
    ]);
    go();
  });

  const settings = { implicitStartSeconds: 5 };

  it('that failed leads there too, and only a person starts it again (P229, W39)', async () => {
    const spawner = fakeSpawner();
    spawner.script.error = new Error('no');
    await using broken = await openPageHub({ spawner, settings });
    const browser = await broken.signIn('ada');
    await browser.get('/hub/spawn');
    const { status, headers } = await browser.get('/hub/user/ada/');
    expect([status, headers.location]).toEqual([303, '/hub/spawn-pending/ada?next=%2Fhub%2Fuser%2Fada%2F']);
    const told = await browser.get(headers.location ?? '');
    expect(told.status).toBe(500);
    expect(told.text).not.toContain('http-equiv="refresh"');
    await browser.get('/hub/home');
    expect(broken.spawner.launches).toHaveLength(1);
    delete spawner.script.error;
    expect((await browser.get('/hub/spawn/ada?next=%2Fhub%2Fuser%2Fada%2F')).status).toBe(302);
    await expect.poll(() => broken.spawner.launches.length, { timeout: 10_000 }).toBe(2);
  });

  it('whose start was cancelled has not failed: it is stopped, and starts by itself where that is wanted (W39)', async () => {
    const spawner = fakeSpawner();
    spawner.script.until = new Promise(() => {});
    await using slow = await openPageHub({ spawner, settings });
    const browser = await slow.signIn('ada');
    await browser.get('/hub/spawn');
    const owner = await slow.users.get('ada');
    if (!owner) throw new Error('no ada');
    const stopping = await slow.servers.requestStop(owner, '', { actor: tester, remove: false });
    if (stopping) await slow.servers.stopOutcome(stopping, 20);
    expect((await slow.servers.find(owner, ''))?.failure?.cause).toBe('cancelled');
    const { status, text } = await browser.get('/hub/user/ada/lab');
    expect([status, text.includes('content="5;url=/hub/spawn/ada')]).toEqual([424, true]);
    expect((await browser.get('/hub/spawn-pending/ada')).status).toBe(200);
    expect((await browser.get('/hub/home')).text).toContain('(stopped)');
  });

  it('that ended by itself is one that is stopped (W39, P250)', async () => {
    await using ended = await openPageHub({ settings });
    const browser = await ended.signIn('ada');
    await ended.startServer('ada');
    await ended.spawner.kill('ada');
    await browser.get('/hub/home'); // which notices
    await expect
      .poll(async () => (await browser.get('/hub/user/ada/lab')).status, { timeout: 10_000 })
      .toBe(424);
    expect((await browser.get('/hub/user/ada/lab')).text).toContain('content="5;url=/hub/spawn/ada');
  });
});

describe('a ready server whose visitors come here (W37)', () => {
  beforeAll(() => hub.startServer('ada'));

  it.each([
    ['?x=1', '?x=1&redirects=1', []],
    ['?redirects=1', '?redirects=2', [2000]],
    ['?redirects=3&x=a%20b', '?redirects=4&x=a+b', [8000]],
    ['?redirects=soon', '?redirects=soon&redirects=1', []],
    ['?redirects=-1', '?redirects=-1&redirects=1', []],
  ])('sends %s back with %s after %j ms', async (query, expected, waited) => {
    sleeps.length = 0;
    const { status, headers } = await ada.get(`/hub/user/ada/lab/tree/%C3%BC${query}`);
    expect([status, headers.location]).toEqual([302, `/user/ada/lab/tree/%C3%BC${expected}`]);
    expect(sleeps).toEqual(waited);
  });

  it.each(['4', '9999'])('calls %s redirects a loop', async (count) => {
    const { status, text } = await ada.get(`/hub/user/ada/lab?redirects=${count}`);
    expect([status, text.includes('Redirect loop detected.')]).toEqual([500, true]);
  });

  it('does so sooner for a server of another version, and names it', async () => {
    const spawner = fakeSpawner();
    spawner.script.peerVersion = '5.4.0';
    await using other = await openPageHub({ spawner, deps: { clock } });
    const browser = await other.signIn('ada');
    await other.startServer('ada');
    expect((await browser.get('/hub/user/ada/lab?redirects=1')).status).toBe(302);
    const { status, text } = await browser.get('/hub/user/ada/lab?redirects=2');
    expect(status).toBe(500);
    expect(text).toContain('version 5.4.0');
  });
});
