import { afterEach, describe, expect, it } from 'vitest';
import type { Browser, Reply } from '../../test/support/browser.ts';
import { fakeSpawner } from '../../test/support/fake-spawner.ts';
import { openPageHub, type PageHub, type PageHubOptions } from '../../test/support/page-hub.ts';
import {
  type PageFailure,
  type PageServer,
  type Pages,
  type Spawner,
  spawnFailure,
  spawnRefusal,
} from '../plugin/index.ts';
import { plainPages } from './plain-pages.ts';

const hubs: PageHub[] = [];
afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub[Symbol.asyncDispose]();
});

async function open(options: PageHubOptions = {}): Promise<PageHub> {
  const hub = await openPageHub(options);
  hubs.push(hub);
  return hub;
}

/** Asks again until the answer is another one. */
async function after(browser: Browser, path: string, before: (reply: Reply) => boolean): Promise<Reply> {
  for (let tries = 0; tries < 200; tries++) {
    const reply = await browser.get(path);
    if (!before(reply)) return reply;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${path} stays as it is`);
}

const formSpawner = (more: Partial<Spawner> = {}) =>
  fakeSpawner({ optionsForm: () => '<input name="size">', ...more });

describe('a start without a form', () => {
  it('leads to the page that follows it, and from there to the server (W29, W31, W33)', async () => {
    const spawner = fakeSpawner();
    let go = () => {};
    spawner.script.until = new Promise((resolve) => {
      go = resolve;
    });
    const hub = await open({ spawner });
    const browser = await hub.signIn('ada');

    const started = await browser.get('/hub/spawn?next=%2Fuser%2Fada%2Flab&display_name=x&_xsrf=y');
    expect([started.status, started.headers.location]).toEqual([
      302,
      '/hub/spawn-pending/ada?next=%2Fuser%2Fada%2Flab',
    ]);
    const pending = await browser.get('/hub/spawn-pending/ada?next=%2Fuser%2Fada%2Flab');
    expect(pending.status).toBe(200);
    expect(pending.text).toContain('is starting');
    // Asking again starts nothing new, and leads to the same page.
    expect((await browser.get('/hub/spawn')).headers.location).toBe('/hub/spawn-pending/ada');

    go();
    const ready = await after(
      browser,
      '/hub/spawn-pending/ada?next=%2Fuser%2Fada%2Flab',
      ({ status }) => status === 200,
    );
    expect([ready.status, ready.headers.location]).toEqual([302, '/user/ada/lab']);
    expect((await browser.get('/hub/spawn-pending/ada?a=1')).headers.location).toBe('/user/ada/?a=1');
    expect((await browser.get('/hub/spawn/ada?next=/hub/home&x=2')).headers.location).toBe('/hub/home');
    expect(spawner.launches).toHaveLength(1);
  });

  it('that fails at once is told with its status, a reference and a way to go on (W31)', async () => {
    const spawner = fakeSpawner();
    spawner.script.error = spawnRefusal('All places are taken.', { status: 418, reason: 'capacity' });
    const hub = await open({ spawner });
    const browser = await hub.signIn('ada');
    const { status, text } = await browser.get('/hub/spawn');
    expect(status).toBe(418);
    expect(text).toContain('All places are taken.');
    expect(text).toContain('ada#1');
    expect(text).toContain('href="/hub/spawn/ada"');
    // The next one works: the failure is no longer told.
    delete spawner.script.error;
    expect((await browser.get('/hub/spawn')).status).toBe(302);
  });

  it('that fails tells how far it got, in order, this attempt alone (design, "Explainable")', async () => {
    const told = ['pulling the image', 'waiting for the volume'];
    const spawner = fakeSpawner({
      async start(launch) {
        for (const message of told) launch.progress({ message });
        throw spawnFailure('system', 'The disk of the machine is full.');
      },
    });
    const shown: PageFailure[] = [];
    const pages: Pages = {
      ...plainPages,
      notRunning(context, page) {
        if (page.failure) shown.push(page.failure);
        return plainPages.notRunning(context, page);
      },
    };
    const hub = await open({ spawner, pages });
    const browser = await hub.signIn('ada');
    const failed = async (reference: string) => {
      await browser.get('/hub/spawn');
      await after(browser, '/hub/spawn-pending/ada', () => shown.at(-1)?.reference !== reference);
    };
    await failed('ada#1');
    told[0] = 'pulling it again';
    await failed('ada#2');
    expect(shown.at(-1)?.events.map(({ message }) => message)).toEqual([
      'Server requested',
      'pulling it again',
      'waiting for the volume',
      'The disk of the machine is full.',
    ]);
    const times = shown.at(-1)?.events.map(({ at }) => Date.parse(at)) ?? [];
    expect(times).toEqual(times.toSorted((one, other) => one - other));
  });

  it('that breaks tells nothing of the fault (W31, W111)', async () => {
    const spawner = fakeSpawner();
    spawner.script.error = new Error('password=hunter2');
    const hub = await open({ spawner });
    const browser = await hub.signIn('ada');
    const { status, text } = await browser.get('/hub/spawn');
    expect(status).toBe(500);
    expect(text).toContain('Unhandled error starting server ada');
    expect(text).not.toContain('hunter2');
  });

  it('goes behind the others when somebody else asked for it', async () => {
    const hub = await open();
    await hub.user('ada');
    await hub.user('root', true);
    const browser = await hub.signIn('root');
    expect((await browser.get('/hub/spawn/ada')).headers.location).toBe('/hub/spawn-pending/ada');
    const owner = await hub.users.get('ada');
    const row = owner && (await hub.servers.find(owner, ''));
    expect(row?.queueClass).toBe(1);
  });
});

describe("another person's server", () => {
  it('is as if it were not there (W11, W12, W27)', async () => {
    const hub = await open({ named: true });
    await hub.user('grace');
    const browser = await hub.signIn('ada');
    const form = { _xsrf: browser.cookie('_xsrf') ?? '' };
    for (const path of [
      '/hub/spawn/grace',
      '/hub/spawn/grace/gpu',
      '/hub/spawn/nobody',
      '/hub/spawn-pending/grace',
    ]) {
      expect([path, (await browser.get(path)).status]).toEqual([path, 404]);
    }
    expect((await browser.post('/hub/spawn/grace', form)).status).toBe(404);
    expect(hub.spawner.launches).toHaveLength(0);
  });

  it('is named when the viewer may know (W27, W33)', async () => {
    const hub = await open({ named: true });
    await hub.user('grace');
    await hub.user('root', true);
    const browser = await hub.signIn('root');
    expect((await browser.get('/hub/spawn/nobody')).text).toContain('No such user: &#39;nobody&#39;');
    const { status, text } = await browser.get('/hub/spawn-pending/grace/zzz');
    expect([status, text.includes('grace has no such server zzz')]).toEqual([404, true]);
  });
});

describe('a named server (W28)', () => {
  it('is refused where there are none', async () => {
    const hub = await open();
    const browser = await hub.signIn('ada');
    const { status, text } = await browser.get('/hub/spawn/ada/gpu');
    expect([status, text.includes('Named servers are not enabled.')]).toEqual([400, true]);
  });

  it('needs a proper name, a proper display name, and room', async () => {
    const hub = await open({ named: true });
    const browser = await hub.signIn('bob');
    const refusal = async (path: string) => {
      const { status, text } = await browser.get(path);
      return [status, /<\/h1>\s*<p>(.*?)<\/p>/s.exec(text)?.[1]];
    };
    expect(await refusal('/hub/spawn/bob/Bad%20Name')).toEqual([
      400,
      'Invalid server_name: &#39;Bad Name&#39;',
    ]);
    expect(await refusal('/hub/spawn/bob/a%2Fb')).toEqual([400, 'Invalid server_name: &#39;a/b&#39;']);
    expect(await refusal('/hub/spawn/bob/gpu?display_name=%20x')).toEqual([
      400,
      'Invalid display_name: &#39; x&#39;',
    ]);
    expect((await browser.get('/hub/spawn/bob/gpu?display_name=GPU%20Box')).headers.location).toBe(
      '/hub/spawn-pending/bob/gpu',
    );
    expect((await browser.get('/hub/spawn/bob/cpu')).status).toBe(302);
    const [status, message] = await refusal('/hub/spawn/bob/tpu');
    expect([status, message]).toEqual([
      400,
      'User bob already has the maximum of 2 named servers.  One must be deleted before a new server can be created',
    ]);
  });

  it('gets the name to show from the link that starts it, which later addresses do not carry on (W28, W29, W31)', async () => {
    const hub = await open({ named: true });
    const browser = await hub.signIn('ada');
    const answer = await browser.get(
      '/hub/spawn/ada/bench?display_name=The%20bench&opt-size=L&next=%2Fhub%2Fhome',
    );
    expect([answer.status, answer.headers.location]).toEqual([
      302,
      '/hub/spawn-pending/ada/bench?opt-size=L&next=%2Fhub%2Fhome',
    ]);
    const owner = await hub.users.get('ada');
    const row = owner && (await hub.servers.find(owner, 'bench'));
    expect(row).toMatchObject({ displayName: 'The bench', userOptions: { size: ['L'] } });
  });

  it('is not made by looking at its form', async () => {
    const hub = await open({ named: true, spawner: formSpawner() });
    const browser = await hub.signIn('ada');
    expect((await browser.get('/hub/spawn/ada/gpu')).status).toBe(200);
    expect((await browser.get('/hub/spawn/ada/Bad%20Name')).status).toBe(400);
    const owner = await hub.users.get('ada');
    expect(owner && (await hub.servers.ofUser(owner))).toEqual([]);
  });
});

describe('the options form', () => {
  it('is shown, posts to its own address with the token, and starts (W29, W30, W63)', async () => {
    const hub = await open({ spawner: formSpawner() });
    const browser = await hub.signIn('ada');
    const page = await browser.get('/hub/spawn/ada?next=%2Fuser%2Fada%2Flab');
    expect(page.status).toBe(200);
    expect(page.text).toContain('<input name="size">');
    const action = /action="([^"]+)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(action).toMatch(/^\/hub\/spawn\/ada\?next=%2Fuser%2Fada%2Flab&_xsrf=/);
    expect(hub.spawner.launches).toHaveLength(0);

    expect((await browser.post('/hub/spawn/ada', { size: 'big' })).status).toBe(403);
    const posted = await multipart(browser, action, [
      ['size', 'big'],
      ['tag', 'a'],
      ['tag', 'b'],
      ['notes', new File([Uint8Array.of(0, 65)], 'n.bin', { type: 'application/octet-stream' })],
    ]);
    // The token stays out of the next address (W31).
    expect([posted.status, posted.headers.location]).toEqual([
      302,
      '/hub/spawn-pending/ada?next=%2Fuser%2Fada%2Flab',
    ]);
    const owner = await hub.users.get('ada');
    const row = owner && (await hub.servers.find(owner, ''));
    const file = {
      filename: 'n.bin',
      body: { __jupyterhub_bytes__: true, data: 'AEE=' },
      content_type: 'application/octet-stream',
    };
    expect(row?.userOptions).toEqual({ size: ['big'], tag: ['a', 'b'], notes_file: [file] });
  });

  it('is read by the spawner, and comes again with its refusal (W30)', async () => {
    const spawner = formSpawner({
      readOptions: ({ size = [] }, { user, cspNonce }) => {
        if (size[0] === 'huge') throw spawnRefusal(`Too big, ${user.name}`, { status: 422 });
        return { size: size[0] ?? null, nonce: cspNonce !== '' };
      },
    });
    const hub = await open({ spawner });
    const browser = await hub.signIn('ada');
    const path = `/hub/spawn/ada?_xsrf=${browser.cookie('_xsrf')}`;
    const refused = await browser.post(path, { size: 'huge' });
    expect([refused.status, refused.text.includes('Too big, ada')]).toEqual([422, true]);
    expect(refused.text).toContain('<input name="size">');
    expect((await browser.post(path, { size: 'small' })).status).toBe(302);
    const owner = await hub.users.get('ada');
    const row = owner && (await hub.servers.find(owner, ''));
    expect(row?.userOptions).toEqual({ size: 'small', nonce: true });
  });

  it('that breaks its spawner comes again without the fault', async () => {
    const spawner = formSpawner({
      readOptions: () => {
        throw new Error('password=hunter2');
      },
    });
    const hub = await open({ spawner });
    const browser = await hub.signIn('ada');
    const { status, text } = await browser.post(`/hub/spawn/ada?_xsrf=${browser.cookie('_xsrf')}`, {
      a: '1',
    });
    expect(status).toBe(500);
    expect(text).toContain('Unhandled error starting server ada');
    expect(text).not.toContain('hunter2');
  });

  it('refuses names only the hub may write (R172)', async () => {
    const hub = await open({ spawner: formSpawner() });
    const browser = await hub.signIn('ada');
    const path = `/hub/spawn/ada?_xsrf=${browser.cookie('_xsrf')}`;
    expect((await browser.post(path, { __jupyterhub_bytes__: 'x' })).status).toBe(400);
    expect(hub.spawner.launches).toHaveLength(0);
  });

  it('comes again when the start fails at once (W31)', async () => {
    const spawner = formSpawner();
    spawner.script.error = spawnFailure('command-not-found', 'The command "nope" does not exist.');
    const hub = await open({ spawner });
    const browser = await hub.signIn('ada');
    const { status, text } = await browser.post(`/hub/spawn?_xsrf=${browser.cookie('_xsrf')}`, {
      size: 'big',
    });
    expect(status).toBe(500);
    expect(text).toContain('The command &quot;nope&quot; does not exist.');
    expect(text).toContain('<input name="size">');
  });

  it('is refused while the server runs or starts (W30)', async () => {
    const spawner = formSpawner();
    let go = () => {};
    spawner.script.until = new Promise((resolve) => {
      go = resolve;
    });
    const hub = await open({ spawner });
    const browser = await hub.signIn('ada');
    const path = `/hub/spawn/ada?_xsrf=${browser.cookie('_xsrf')}`;
    expect((await browser.post(path, { size: '1' })).status).toBe(302);
    expect((await browser.get('/hub/spawn/ada')).headers.location).toBe('/hub/spawn-pending/ada');
    const pending = await browser.post(path, { size: '1' });
    expect([pending.status, pending.text.includes('ada is pending spawn')]).toEqual([400, true]);
    go();
    await after(browser, '/hub/spawn-pending/ada', ({ status }) => status === 200);
    const running = await browser.post(path, { size: '1' });
    expect([running.status, running.text.includes('ada is already running')]).toEqual([400, true]);
  });
});

describe('options in the address (W29)', () => {
  it.each([
    ['opt-size=big&opt-size=bigger&other=1', { size: ['big', 'bigger'] }],
    ['size=big', { size: ['big'] }],
  ])('%s start at once as %j, form or not', async (query, expected) => {
    const hub = await open({ spawner: formSpawner() });
    const browser = await hub.signIn('ada');
    const { status } = await browser.get(`/hub/spawn?${query}&next=%2Fx&display_name=y`);
    expect(status).toBe(302);
    const owner = await hub.users.get('ada');
    const row = owner && (await hub.servers.find(owner, ''));
    expect(row?.userOptions).toEqual(expected);
  });

  it('without a name are refused', async () => {
    const hub = await open();
    const browser = await hub.signIn('ada');
    expect((await browser.get('/hub/spawn?opt-=1')).status).toBe(422);
    expect(hub.spawner.launches).toHaveLength(0);
  });
});

describe('the page that follows a start (W33)', () => {
  it('starts nothing', async () => {
    const hub = await open();
    const browser = await hub.signIn('ada');
    const { status, text } = await browser.get('/hub/spawn-pending/ada?next=/user/ada/lab');
    expect(status).toBe(200);
    expect(text).toContain('Server not running');
    expect(text).toContain('href="/hub/spawn/ada?next=%2Fuser%2Fada%2Flab"');
    expect(hub.spawner.launches).toHaveLength(0);
  });

  it('tells that no hub reaches a server, and when a stop is tried again', async () => {
    const shown: PageServer[] = [];
    const pages: Pages = {
      ...plainPages,
      stopPending(context, page) {
        shown.push(page.server);
        return plainPages.stopPending(context, page);
      },
    };
    const hub = await open({ pages, spawner: fakeSpawner({ hostBound: true }) });
    const browser = await hub.signIn('ada');
    const owner = await hub.users.get('ada');
    if (!owner) throw new Error('no ada');
    const { id } = await hub.servers.defaultOf(owner);
    await hub.sql`UPDATE servers SET phase = 'ready', target = 'http://127.0.0.1:9', host = 'far', attempt = 1 WHERE id = ${id}`;
    expect((await browser.get('/hub/home')).text).toContain('(unreachable)');
    await hub.sql`UPDATE servers SET phase = 'stopping', stop_tries = 4 WHERE id = ${id}`;
    expect((await browser.get('/hub/home')).text).toContain('It is tried again in 8 s.');
    expect((await browser.get('/hub/spawn-pending/ada')).status).toBe(200);
    expect(shown[0]).toMatchObject({
      phase: 'unreachable',
      message: 'The server could not be stopped yet. It is tried again in 8 s.',
    });
  });

  it('tells the story so far without scripts: while it starts, while it is cleaned up, and when it failed', async () => {
    const go = Promise.withResolvers<void>();
    const stop = Promise.withResolvers<void>();
    const spawner = fakeSpawner({
      async start(launch) {
        launch.progress({ message: 'pulling <the image>' });
        await go.promise;
        throw spawnFailure('system', 'The disk is full.');
      },
      stop: () => stop.promise,
    });
    const hub = await open({ spawner });
    const browser = await hub.signIn('ada');
    await browser.get('/hub/spawn');
    const page = () => browser.get('/hub/spawn-pending/ada');
    await expect.poll(async () => (await page()).text).toContain('pulling &lt;the image&gt;');
    expect((await page()).text).toMatch(
      /<ol><li><time datetime="[^"]+">[^<]+<\/time> Server requested<\/li>/,
    );
    go.resolve();
    await expect.poll(async () => (await page()).text, { timeout: 10_000 }).toContain('is stopping');
    const cleaning = (await page()).text;
    for (const words of ['pulling &lt;the image&gt;', 'The disk is full.']) expect(cleaning).toContain(words);
    stop.resolve();
    await expect.poll(async () => (await page()).status, { timeout: 10_000 }).toBe(500);
    const failed = (await page()).text;
    for (const words of ['pulling &lt;the image&gt;', 'The disk is full.']) expect(failed).toContain(words);
  });

  it('tells why a start failed: the log to its owner, not to everybody who may start it', async () => {
    const hub = await open();
    const browser = await hub.signIn('ada');
    const owner = await hub.users.get('ada');
    if (!owner) throw new Error('no ada');
    const row = await hub.servers.defaultOf(owner);
    const failure = {
      cause: 'exited',
      message: 'The server ended with exit code 1.',
      hint: 'Look at its log.',
      messageHtml: null,
      status: 500,
      expected: false,
      reason: 'exited',
      log: 'one\ntwo <b>\n',
      attempt: 3,
      at: '2026-01-01T00:00:00Z',
    };
    await hub.sql`UPDATE servers SET failure = ${JSON.stringify(failure)}::jsonb, attempt = 3 WHERE id = ${row.id}`;
    const own = await browser.get('/hub/spawn-pending/ada');
    expect(own.status).toBe(500);
    for (const part of ['exit code 1.', 'Look at its log.', 'ada#3', 'one\ntwo &lt;b&gt;']) {
      expect(own.text).toContain(part);
    }
    await hub.user('helper');
    await hub.sql`WITH role AS (INSERT INTO roles (name, description, scopes) VALUES ('help', '', '["servers"]') RETURNING id)
      INSERT INTO user_roles (user_id, role_id) SELECT users.id, role.id FROM users, role WHERE users.name = 'helper'`;
    const helper = await hub.signIn('helper');
    const seen = await helper.get('/hub/spawn-pending/ada');
    expect(seen.text).toContain('exit code 1.');
    expect(seen.text).not.toContain('two &lt;b&gt;');
    await hub.user('root', true);
    expect((await (await hub.signIn('root')).get('/hub/spawn-pending/ada')).text).toContain('two &lt;b&gt;');
  });
});

async function multipart(
  browser: Browser,
  path: string,
  fields: readonly (readonly [string, string | File])[],
): Promise<Reply> {
  const data = new FormData();
  for (const [name, value] of fields) {
    if (typeof value === 'string') data.append(name, value);
    else data.append(name, value);
  }
  const response = new Response(data);
  const type = response.headers.get('content-type') ?? '';
  return browser.request('POST', path, { headers: { 'content-type': type }, body: await response.text() });
}
