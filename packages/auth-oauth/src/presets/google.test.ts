import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDoor } from '../../test/support/door.ts';
import { FakeProvider } from '../../test/support/fake-provider.ts';
import { googleAuthenticator } from './google.ts';

type Options = Parameters<typeof googleAuthenticator>[0];

const userinfo = 'https://openidconnect.googleapis.com/v1/userinfo';
const groups = 'https://admin.googleapis.com/admin/directory/v1/groups';
const serviceToken = 'https://oauth2.googleapis.com/service-token';
let google: FakeProvider;
let folder: string;
let serviceAccountFile: string;

/** The shape of an id token, shortened. */
const ada = {
  sub: '107692281815',
  email: 'Ada@engines.example',
  email_verified: true,
  hd: 'engines.example',
  name: 'Ada Lovelace',
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-google-'));
  serviceAccountFile = join(folder, 'key.json');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = {
    type: 'service_account',
    client_email: 'hub@engines.iam.gserviceaccount.com',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    token_uri: serviceToken,
  };
  writeFileSync(serviceAccountFile, JSON.stringify(key), { mode: 0o600 });
});
afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(async () => {
  google = await FakeProvider.start();
  await google.openId({
    issuer: 'https://accounts.google.com',
    authorize: 'https://accounts.google.com/o/oauth2/v2/auth',
    token: 'https://oauth2.googleapis.com/token',
    userinfo,
  });
  google.token = { access_token: 'access-1', token_type: 'Bearer', expires_in: 3599, scope: 'openid email' };
  is({});
});
afterEach(() => google[Symbol.asyncDispose]());

/** Ada, but for these claims. */
function is(claims: Record<string, unknown>) {
  google.idToken = { ...ada, ...claims };
  const { hd: _, ...told } = { ...ada, ...claims };
  google.on('GET', userinfo, { json: told });
}

function door(options: Partial<Options> = {}) {
  return openDoor(googleAuthenticator, googleAuthenticator({ ...google.client, ...options }), google);
}

describe('hosted domains', () => {
  it('let in those whom the organisation manages', async () => {
    const options = { hostedDomain: ['Engines.example'], allowedHostedDomains: ['engines.example'] };
    const outcome = await (await door(options)).signIn();
    expect(outcome).toMatchObject({
      verdict: 'in',
      name: 'ada',
      identity: { subject: `https://accounts.google.com#${ada.sub}` },
    });
    expect(outcome.asked.get('hd')).toBe('engines.example');
  });

  it('keep out whom they do not name, whatever the lists of the hub say', async () => {
    is({ hd: 'evil.example', email: 'ada@evil.example' });
    expect(await (await door({ hostedDomain: ['engines.example'], allowAll: true })).signIn()).toMatchObject({
      verdict: 'refused',
      refusal: { status: 403, sentence: 'Only accounts of engines.example may sign in here.' },
    });
  });

  it('keep out a private account with an address of the domain', async () => {
    is({ hd: undefined });
    const options = {
      hostedDomain: ['engines.example'],
      allowedHostedDomains: ['engines.example'],
      allowAll: true,
    };
    expect((await (await door(options)).signIn()).verdict).toBe('refused');
    expect((await (await door({ allowedHostedDomains: ['engines.example'] })).signIn()).verdict).toBe(
      'known',
    );
  });

  it('are taken from the signed token, not from another answer', async () => {
    is({ hd: undefined });
    google.on('GET', userinfo, { json: { ...ada, hd: 'engines.example' } });
    expect((await (await door({ hostedDomain: ['engines.example'], allowAll: true })).signIn()).verdict).toBe(
      'refused',
    );
  });

  it('of several leave the address in the user name', async () => {
    const outcome = await (await door({ hostedDomain: ['engines.example', 'royal.example'] })).signIn();
    expect(outcome).toMatchObject({ verdict: 'known', name: 'ada@engines.example' });
    expect(outcome.asked.get('hd')).toBe('*');
  });
});

it.each([[false], [undefined], ['true']])(
  'keeps out an address whose verification is %s',
  async (email_verified) => {
    is({ email_verified });
    expect(await (await door({ allowAll: true })).signIn()).toMatchObject({
      verdict: 'refused',
      refusal: { status: 403 },
    });
  },
);

describe('groups of the directory', () => {
  const entry = (email: string) => ({
    kind: 'admin#directory#group',
    id: '01',
    email,
    name: email,
    directMembersCount: '1',
  });

  function directory() {
    return {
      directories: { 'Engines.example': { serviceAccountFile, administrator: 'babbage@engines.example' } },
    };
  }

  beforeEach(() => {
    google
      .on('POST', serviceToken, {
        json: { access_token: 'service-1', expires_in: 3599, token_type: 'Bearer' },
      })
      .on('GET', groups, ({ query }) => {
        if (query.get('userKey') === 'staff@engines.example')
          return { json: { groups: [entry('All@engines.example')] } };
        if (query.get('userKey') !== ada.sub) return { json: { kind: 'admin#directory#groups' } };
        return query.get('pageToken') === 'p2'
          ? { json: { groups: [entry('staff@engines.example')] } }
          : { json: { groups: [entry('tea@engines.example')], nextPageToken: 'p2' } };
      });
  });

  it('are all pages, read in the name of the administrator', async () => {
    const outcome = await (await door({ ...directory(), allowedGroups: ['staff@engines.example'] })).signIn();

    expect(outcome).toMatchObject({
      verdict: 'in',
      identity: { groups: ['tea@engines.example', 'staff@engines.example'] },
    });
    const assertion = google.requestsTo(serviceToken)[0]?.form.get('assertion') ?? '';
    expect(decodeJwt(assertion)).toMatchObject({
      iss: 'hub@engines.iam.gserviceaccount.com',
      sub: 'babbage@engines.example',
      aud: serviceToken,
    });
    expect(google.requestsTo(groups).map(({ headers }) => headers.authorization)).toEqual([
      'Bearer service-1',
      'Bearer service-1',
    ]);
  });

  it('are those above them, too, where wanted', async () => {
    const options = { ...directory(), allowedGroups: ['all@engines.example'] };
    expect((await (await door(options)).signIn()).verdict).toBe('known');
    expect((await (await door({ ...options, includeNestedGroups: true })).signIn()).verdict).toBe('in');
  });

  it('are none for people of elsewhere', async () => {
    is({ hd: undefined });
    const outcome = await (await door({ ...directory(), allowedGroups: ['staff@engines.example'] })).signIn();
    expect(outcome).toMatchObject({ verdict: 'known', identity: { groups: [] } });
    expect(google.requestsTo(serviceToken)).toHaveLength(0);
  });

  it.each([
    [
      'a service account without delegation',
      'POST',
      serviceToken,
      { status: 401, json: { error: 'unauthorized_client' } },
    ],
    [
      'a missing right',
      'GET',
      groups,
      { status: 403, json: { error: { code: 403, message: 'Not Authorized' } } },
    ],
    ['a fault', 'GET', groups, { status: 500, json: {} }],
    ['groups that are no list', 'GET', groups, { json: { groups: {} } }],
    ['pages without end', 'GET', groups, { json: { groups: [], nextPageToken: 'again' } }],
  ] as const)('let nobody in over %s', async (_what, method, address, answer) => {
    google.on(method, address, answer);
    const outcome = await (await door({ ...directory(), allowAll: true })).signIn();
    expect(outcome).toMatchObject({ verdict: 'refused', refusal: { status: 503 } });
  });

  it('need a key that is one, told at start without quoting it', async () => {
    const broken = join(folder, 'broken.json');
    writeFileSync(broken, '{"private_key": "hidden-text', { mode: 0o600 });
    const directories = {
      'engines.example': { serviceAccountFile: broken, administrator: 'babbage@engines.example' },
    };
    const error: unknown = await door({ directories }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'HUB_CONFIG_INVALID' });
    expect(String(error)).not.toContain('hidden-text');
  });

  it('are not told, nor where the key was, once that is gone', async () => {
    const moved = join(folder, 'moved.json');
    writeFileSync(moved, readFileSync(serviceAccountFile), { mode: 0o600 });
    const directories = {
      'engines.example': { serviceAccountFile: moved, administrator: 'babbage@engines.example' },
    };
    const opened = await door({ directories, allowAll: true });
    rmSync(moved);
    const { refusal } = await opened.signIn();
    expect(refusal).toMatchObject({ status: 503, sentence: expect.not.stringContaining(folder) });
    expect(JSON.stringify(opened.logged)).toContain('moved.json');
  });

  it('need a key that is there and that others cannot read', async () => {
    const open = join(folder, 'open.json');
    copyFileSync(serviceAccountFile, open);
    chmodSync(open, 0o644);
    for (const file of [open, join(folder, 'missing.json')]) {
      const directories = {
        'engines.example': { serviceAccountFile: file, administrator: 'babbage@engines.example' },
      };
      await expect(door({ directories })).rejects.toMatchObject({
        code: 'HUB_CONFIG_INVALID',
        message: expect.stringContaining(file),
      });
    }
  });
});

it('warns of rules that match nobody', async () => {
  expect((await door({ allowedGroups: ['staff@engines.example'] })).warnings).toHaveLength(1);
  expect((await door({ hostedDomain: ['a.example', 'b.example'], stripDomain: true })).warnings).toHaveLength(
    1,
  );
});
