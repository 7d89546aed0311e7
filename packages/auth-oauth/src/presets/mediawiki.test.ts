import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDoor } from '../../test/support/door.ts';
import { FakeProvider } from '../../test/support/fake-provider.ts';
import { mediawikiAuthenticator } from './mediawiki.ts';

type Options = Parameters<typeof mediawikiAuthenticator>[0];

const oauth = 'https://meta.wikimedia.org/w/rest.php/oauth2';
const profile = `${oauth}/resource/profile` as const;
let wiki: FakeProvider;

/** The shape of the profile, shortened. */
const ada = {
  sub: 1815,
  username: 'Ada Lovelace',
  editcount: 42,
  confirmed_email: true,
  blocked: false,
  registered: '20260101000000',
  groups: ['*', 'user', 'autoconfirmed'],
  grants: ['mwoauth-authonlyprivate'],
  realname: 'Augusta Ada King',
  email: 'ada@engines.example',
};

beforeEach(async () => {
  wiki = await FakeProvider.start();
  wiki
    .oauth({ authorize: `${oauth}/authorize`, token: `${oauth}/access_token` })
    .on('GET', profile, { json: ada });
  wiki.token = {
    access_token: 'access-1',
    token_type: 'Bearer',
    expires_in: 14_400,
    refresh_token: 'refresh-1',
  };
});
afterEach(() => wiki[Symbol.asyncDispose]());

function door(options: Partial<Options> = {}) {
  return openDoor(mediawikiAuthenticator, mediawikiAuthenticator({ ...wiki.client, ...options }), wiki);
}

it('knows people by their central id and keeps capitals', async () => {
  const before = await (await door()).signIn();
  wiki.on('GET', profile, { json: { ...ada, username: 'Countess' } });
  const after = await (await door()).signIn();

  const subject = 'https://meta.wikimedia.org/w/rest.php#1815';
  expect(before).toMatchObject({ verdict: 'known', name: 'Ada_Lovelace', identity: { subject } });
  expect(after).toMatchObject({ name: 'Countess', identity: { subject } });
});

it('writes names of the configuration the same way', async () => {
  expect((await door()).authenticator.normalizeName?.('Ada Lovelace')).toBe('Ada_Lovelace');
});

describe('who comes in', () => {
  it('is a member of a group of the wiki', async () => {
    expect((await (await door({ allowedGroups: ['autoconfirmed'] })).signIn()).verdict).toBe('in');
    expect((await (await door({ allowedGroups: ['sysop'] })).signIn()).verdict).toBe('known');
  });

  it('is nobody who is blocked there, unless allowed', async () => {
    wiki.on('GET', profile, { json: { ...ada, blocked: true } });
    expect(await (await door({ allowAll: true })).signIn()).toMatchObject({
      verdict: 'refused',
      refusal: { status: 403 },
    });
    expect((await (await door({ allowAll: true, allowBlocked: true })).signIn()).verdict).toBe('in');
  });

  it('counts an address only when it is confirmed', async () => {
    const options = { allowedDomains: ['engines.example'] };
    expect((await (await door(options)).signIn()).verdict).toBe('in');
    wiki.on('GET', profile, { json: { ...ada, confirmed_email: false } });
    expect((await (await door(options)).signIn()).verdict).toBe('known');
  });

  it.each([
    ['nobody without a central account', { json: { ...ada, sub: 0 } }],
    ['nobody without a central account, in words', { json: { ...ada, sub: '0' } }],
    ['nobody whose id is no number', { json: { ...ada, sub: { id: 1815 } } }],
    ['nobody who is hidden', { json: { sub: 1815, blocked: true } }],
    ['nobody over a fault', { status: 500, text: 'Internal error' }],
    ['nobody over groups that are no list', { json: { ...ada, groups: 'user' } }],
  ])('is %s', async (_what, answer) => {
    wiki.on('GET', profile, answer);
    expect((await (await door({ allowAll: true })).signIn()).verdict).toBe('refused');
  });
});
