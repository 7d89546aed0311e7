import { afterEach, describe, expect, it } from 'vitest';
import type { Browser } from '../../test/support/browser.ts';
import { fakeSpawner } from '../../test/support/fake-spawner.ts';
import { openPageHub, type PageHub, type PageHubOptions } from '../../test/support/page-hub.ts';
import type { FormSchema, OptionsFormContext } from '../plugin/index.ts';
import type { Profile } from '../servers/index.ts';

const hubs: PageHub[] = [];
afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub[Symbol.asyncDispose]();
});

async function open(options: PageHubOptions = {}): Promise<PageHub> {
  const hub = await openPageHub(options);
  hubs.push(hub);
  return hub;
}

const profile = (id: string, more: Partial<Profile> = {}): Profile => ({
  id,
  name: `The ${id} one`,
  description: '',
  spawner: 'fake',
  options: {},
  for: null,
  isDefault: false,
  form: undefined,
  ...more,
});

const form: FormSchema = {
  type: 'object',
  properties: {
    cores: { type: 'integer', minimum: 1, maximum: 8, default: 2, title: 'Cores' },
    image: {
      oneOf: [
        { const: 'python', title: 'Python 3.13' },
        { const: 'r', title: 'R <4.6>' },
      ],
      title: 'Software',
      description: 'Each has its own packages.',
    },
    debug: { type: 'boolean' },
  },
  required: ['image'],
};
const profiles = [
  profile('small', { description: 'For reading & writing' }),
  profile('big', { form, isDefault: true }),
  profile('gpu', { spawner: 'far', for: { groups: ['lab'], users: [] } }),
];

async function rowOf(hub: PageHub, user: string, server = '') {
  const owner = await hub.users.get(user);
  return owner && (await hub.servers.find(owner, server));
}

const post = (browser: Browser, fields: Record<string, string>, path = '/hub/spawn/ada') =>
  browser.post(`${path}?_xsrf=${browser.cookie('_xsrf')}`, fields);

async function join(hub: PageHub, user: string, group: string): Promise<void> {
  await hub.sql`WITH made AS (INSERT INTO groups (name) VALUES (${group}) RETURNING id)
    INSERT INTO memberships (user_id, group_id) SELECT users.id, made.id FROM users, made WHERE users.name = ${user}`;
}

describe('profiles on the page', () => {
  it('are those offered to the owner, the default one chosen, each with its own questions', async () => {
    const hub = await open({ profiles, moreSpawners: { far: fakeSpawner() } });
    const browser = await hub.signIn('ada');
    const { status, text } = await browser.get('/hub/spawn');
    expect(status).toBe(200);
    expect(text).toContain('<input type="radio" name="profile" value="small">');
    expect(text).toContain('<input type="radio" name="profile" value="big" checked>');
    expect(text).toContain('For reading &amp; writing');
    expect(text).not.toContain('gpu');
    expect(text).toContain('<option value="r">R &lt;4.6&gt;</option>');
    expect(text).toMatch(/<input type="number" value="2"[^>]* id="big--cores" name="big--cores">/);
    expect(hub.spawner.launches).toHaveLength(0);
  });

  it('come with typed options; the last choice stands there the next time (W30)', async () => {
    const hub = await open({ profiles, moreSpawners: { far: fakeSpawner() } });
    const browser = await hub.signIn('ada');
    const sent = {
      profile: 'big',
      'big--cores': '4',
      'big--image': 'r',
      'big--debug': 'true',
      'gpu--x': '1',
    };
    expect((await post(browser, sent)).status).toBe(302);
    const row = await rowOf(hub, 'ada');
    expect(row?.userOptions).toEqual({ profile: 'big', cores: 4, image: 'r', debug: true });
    expect(hub.spawner.launches[0]?.userOptions).toEqual(row?.userOptions);

    await expect.poll(async () => (await rowOf(hub, 'ada'))?.phase, { timeout: 10_000 }).toBe('ready');
    await hub.spawner.kill('ada');
    expect((await browser.get('/hub/home')).text).toContain('The big one · R &lt;4.6&gt;');
    await expect.poll(async () => (await rowOf(hub, 'ada'))?.phase, { timeout: 10_000 }).toBe('stopped');
    const { text } = await browser.get('/hub/spawn');
    expect(text).toContain('(last used)');
    expect(text).toMatch(/value="4"[^>]* name="big--cores"/);
    expect(text).toContain('<option value="r" selected>');
    expect(text).toMatch(/id="big--debug" name="big--debug" checked/);
  });

  it('show what was typed, with what is wrong beside it', async () => {
    const hub = await open({ profiles, moreSpawners: { far: fakeSpawner() } });
    const browser = await hub.signIn('ada');
    const { status, text } = await post(browser, { profile: 'big', 'big--cores': '99', 'big--image': '' });
    expect(status).toBe(400);
    expect(text).toMatch(/value="99"[^>]* aria-describedby="big--cores-error" aria-invalid="true"/);
    expect(text).toContain('This must be 8 or less.');
    expect(text).toContain('This is missing.');
    expect(text).not.toContain('role="alert"');
    expect(hub.spawner.launches).toHaveLength(0);
    // What no field can tell is told on the whole.
    const unknown = await post(browser, { profile: 'big', 'big--image': 'r', colour: 'red' });
    expect([unknown.status, unknown.text.includes('colour is not known here')]).toEqual([400, true]);
  });

  it('that are hidden or unknown are refused, whatever the form said', async () => {
    const hub = await open({ profiles, moreSpawners: { far: fakeSpawner() } });
    const browser = await hub.signIn('ada');
    const hidden = await post(browser, { profile: 'gpu' });
    expect(hidden.status).toBe(403);
    expect(hidden.text).toContain(
      'The profile &quot;gpu&quot; is not offered to ada. Choose one of: small, big.',
    );
    expect(hidden.text).toContain('name="profile" value="small"');
    expect((await browser.get('/hub/spawn?opt-profile=gpu')).status).toBe(403);
    expect((await browser.get('/hub/spawn?opt-profile=nope')).status).toBe(400);
    expect(await rowOf(hub, 'ada')).toBe(null);
  });

  it('are started, polled and stopped by their own spawner, which the row remembers', async () => {
    const far = fakeSpawner();
    const hub = await open({ profiles, moreSpawners: { far }, named: true });
    const browser = await hub.signIn('ada');
    await join(hub, 'ada', 'lab');
    expect((await browser.get('/hub/spawn?opt-profile=gpu')).status).toBe(302);
    expect((await browser.get('/hub/spawn/ada/two?opt-profile=small')).status).toBe(302);
    await expect.poll(async () => (await rowOf(hub, 'ada'))?.phase, { timeout: 10_000 }).toBe('ready');
    await expect.poll(async () => (await rowOf(hub, 'ada', 'two'))?.phase, { timeout: 10_000 }).toBe('ready');
    expect([(await rowOf(hub, 'ada'))?.spawner, (await rowOf(hub, 'ada', 'two'))?.spawner]).toEqual([
      'far',
      'fake',
    ]);
    expect([far.launches.length, hub.spawner.launches.length]).toEqual([1, 1]);

    // Its own is asked, and finds it gone; the other one's server goes on.
    await far.kill('ada');
    for (const name of ['', 'two']) {
      const row = await rowOf(hub, 'ada', name);
      if (row) await hub.servers.pollNow(row);
    }
    await expect.poll(async () => (await rowOf(hub, 'ada'))?.phase, { timeout: 10_000 }).toBe('stopped');
    expect((await rowOf(hub, 'ada', 'two'))?.phase).toBe('ready');
  });

  it('chosen before and hidden since are refused by a start that names none', async () => {
    const hub = await open({ profiles, moreSpawners: { far: fakeSpawner() } });
    const browser = await hub.signIn('ada');
    await hub.startServer('ada').catch(() => undefined);
    const owner = await hub.users.get('ada');
    if (!owner) throw new Error('no ada');
    const row = await hub.servers.defaultOf(owner);
    await hub.sql`UPDATE servers SET user_options = '{"profile": "gpu"}' WHERE id = ${row.id}`;
    await expect(hub.startServer('ada')).rejects.toMatchObject({ status: 403 });
    // The page offers what there is instead.
    const { text } = await browser.get('/hub/spawn');
    expect(text).toContain('value="big" checked');
  });

  it('of which there is one are not asked about', async () => {
    const hub = await open({ profiles: [profile('small')] });
    const browser = await hub.signIn('ada');
    expect((await browser.get('/hub/spawn')).status).toBe(302);
    expect((await rowOf(hub, 'ada'))?.userOptions).toEqual({ profile: 'small' });
  });

  it('of which there are none for somebody start nothing', async () => {
    const hub = await open({ profiles: [profile('gpu', { for: { groups: ['lab'], users: ['eve'] } })] });
    const browser = await hub.signIn('ada');
    const { status, text } = await browser.get('/hub/spawn');
    expect([status, text.includes('No profile is offered to ada.')]).toEqual([403, true]);
    expect((await (await hub.signIn('eve')).get('/hub/spawn')).status).toBe(302);
  });
});

describe('links to options (W29)', () => {
  it('are typed by the form, and need no prefix', async () => {
    const hub = await open({ profiles, moreSpawners: { far: fakeSpawner() } });
    const browser = await hub.signIn('ada');
    expect((await browser.get('/hub/spawn?opt-profile=big&opt-cores=3&opt-image=r')).status).toBe(302);
    expect((await rowOf(hub, 'ada'))?.userOptions).toEqual({ profile: 'big', cores: 3, image: 'r' });
  });

  it('that lack something lead to the form, filled in', async () => {
    const hub = await open({ profiles, moreSpawners: { far: fakeSpawner() } });
    const browser = await hub.signIn('ada');
    const { status, text } = await browser.get(
      '/hub/spawn?opt-profile=big&opt-cores=3&next=%2Fuser%2Fada%2Flab',
    );
    expect(status).toBe(400);
    expect(text).toMatch(/value="3"[^>]* name="big--cores"/);
    expect(text).toContain('next=%2Fuser%2Fada%2Flab');
  });
});

describe('the form of an operator', () => {
  const size = '<input name="size">';

  it.each([
    ['passthrough', { size: ['big'], tag: ['a', 'b'], agree: ['on'] }],
    ['simple', { size: 'big', tag: ['a', 'b'], agree: true }],
    [(form: object) => ({ keys: Object.keys(form) }), { keys: ['size', 'tag', 'agree'] }],
  ])('in HTML is read by optionsFromForm: %s (P211, P233)', async (optionsFromForm, expected) => {
    const hub = await open({ options: { optionsForm: size, optionsFromForm } });
    const browser = await hub.signIn('ada');
    expect((await browser.get('/hub/spawn')).text).toContain(size);
    const { status } = await browser.get('/hub/spawn?opt-size=big&opt-tag=a&opt-tag=b&opt-agree=on');
    expect(status).toBe(302);
    expect((await rowOf(hub, 'ada'))?.userOptions).toEqual(expected);
  });

  it('may be a function of who starts what, and ask nothing of some', async () => {
    const optionsForm = ({ user, server }: OptionsFormContext) =>
      user.name === 'ada' ? `<p>${user.name}:${server.name}</p>` : null;
    const hub = await open({ options: { optionsForm } });
    expect((await (await hub.signIn('ada')).get('/hub/spawn')).text).toContain('<p>ada:</p>');
    expect((await (await hub.signIn('bob')).get('/hub/spawn')).status).toBe(302);
  });

  it('as a schema is drawn, typed, and holds for every start, page or not', async () => {
    const hub = await open({ options: { optionsForm: () => form } });
    const browser = await hub.signIn('ada');
    expect((await browser.get('/hub/spawn')).text).toContain('name="image"');
    await expect(hub.startServer('ada')).rejects.toMatchObject({
      status: 400,
      message: 'Invalid user options: image is missing.',
    });
    expect((await post(browser, { image: 'python', cores: '' })).status).toBe(302);
    expect((await rowOf(hub, 'ada'))?.userOptions).toEqual({ image: 'python', cores: 2 });
  });

  it('that is no form is told to the operator alone', async () => {
    const hub = await open({ options: { optionsForm: () => ({ type: 'array' }) } });
    const browser = await hub.signIn('ada');
    expect((await browser.get('/hub/spawn')).status).toBe(500);
  });

  it('takes as much as `servers.formLimit` says, and tells who sends more', async () => {
    const hub = await open({ options: { optionsForm: size }, settings: { formLimit: 2048 } });
    const browser = await hub.signIn('ada');
    expect((await post(browser, { size: 'x'.repeat(3000) })).status).toBe(413);
    expect(hub.spawner.launches).toHaveLength(0);
    expect((await post(browser, { size: 'x'.repeat(1000) })).status).toBe(302);
  });
});
