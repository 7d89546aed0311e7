import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDoor, refreshOf } from '../../test/support/door.ts';
import { FakeProvider } from '../../test/support/fake-provider.ts';
import { entraAuthenticator } from './entra.ts';

type Options = Parameters<typeof entraAuthenticator>[0];

const login = 'https://login.microsoftonline.com';
const memberGroups = 'https://graph.microsoft.com/v1.0/me/getMemberGroups';
const home = '72f988bf-86f1-41af-91ab-2d7cd011db47';
const foreign = '9122040d-6c67-4c5b-b112-36a304b66dad';
const staff = '5c0b2f0e-7d2f-4c61-9b0a-2f6f3d1f4f3e';
const students = '0f2c9a1e-66b1-4a7d-8f0e-1a2b3c4d5e6f';
let entra: FakeProvider;

/** The shape of a v2.0 id token, shortened. */
const ada = {
  iss: `${login}/${home}/v2.0`,
  sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ',
  oid: '00000000-0000-0000-66f3-3332eca71815',
  tid: home,
  name: 'Ada Lovelace',
  preferred_username: 'ada@engines.example',
  email: 'ada@engines.example',
  ver: '2.0',
  groups: [staff],
};
/** What stands in the place of `groups` for somebody in more than 200. */
const overage = {
  groups: undefined,
  _claim_names: { groups: 'src1' },
  _claim_sources: {
    src1: { endpoint: `https://graph.windows.net/${home}/users/${ada.oid}/getMemberObjects` },
  },
};

beforeEach(async () => {
  entra = await FakeProvider.start();
  await publish(home);
  entra.token = {
    access_token: 'graph-token',
    token_type: 'Bearer',
    expires_in: 3600,
    refresh_token: 'refresh-1',
  };
  entra.idToken = ada;
});
afterEach(() => entra[Symbol.asyncDispose]());

/** The discovery document of a tenant, or of several at once: then its issuer has a gap for the tenant's id. */
function publish(tenant: string, issuer = `${login}/${tenant}/v2.0`) {
  return entra.openId({
    issuer: `${login}/${tenant}/v2.0`,
    authorize: `${login}/${tenant}/oauth2/v2.0/authorize`,
    token: `${login}/${tenant}/oauth2/v2.0/token`,
    userinfo: 'https://graph.microsoft.com/oidc/userinfo',
    metadata: { issuer },
  });
}

function door(options: Partial<Options> = {}) {
  return openDoor(
    entraAuthenticator,
    entraAuthenticator({ ...entra.client, tenant: home, ...options }),
    entra,
  );
}

describe('who comes in', () => {
  it('is a member of a group in the token, known by tenant and object id', async () => {
    const before = await (await door({ allowedGroups: [staff] })).signIn();
    entra.idToken = {
      ...ada,
      preferred_username: 'countess@engines.example',
      sub: 'of another app registration',
    };
    const after = await (await door({ allowedGroups: [staff] })).signIn();

    const subject = `${home}/${ada.oid}`;
    expect(before).toMatchObject({
      verdict: 'in',
      name: 'ada@engines.example',
      identity: { subject, groups: [staff] },
    });
    expect(after).toMatchObject({ verdict: 'in', identity: { subject } });
  });

  it('is nobody of another group, nor without a rule', async () => {
    expect((await (await door({ allowedGroups: [students] })).signIn()).verdict).toBe('known');
    expect((await (await door()).signIn()).verdict).toBe('known');
  });

  it('is nobody by an e-mail address, which any tenant may write, unless Entra checked its domain', async () => {
    const options = { allowedDomains: ['engines.example'] };
    expect((await (await door(options)).signIn()).verdict).toBe('known');
    entra.idToken = { ...ada, xms_edov: true };
    expect((await (await door(options)).signIn()).verdict).toBe('in');
  });

  it('is nobody without an object id', async () => {
    entra.idToken = { ...ada, oid: undefined };
    expect(await (await door({ allowAll: true })).signIn()).toMatchObject({
      verdict: 'refused',
      refusal: { status: 403 },
    });
  });
});

describe('tenants', () => {
  it('of others do not come in by a token they issued', async () => {
    entra.idToken = { ...ada, iss: `${login}/${foreign}/v2.0`, tid: foreign };
    expect((await (await door({ allowAll: true })).signIn()).verdict).toBe('refused');
  });

  it('may be several, if they are named', async () => {
    await publish('organizations', `${login}/{tenantid}/v2.0`);
    const options = { tenant: 'organizations', allowAll: true };
    entra.idToken = ada;
    expect((await (await door({ ...options, allowedTenants: [home.toUpperCase()] })).signIn()).verdict).toBe(
      'in',
    );
    expect(await (await door({ ...options, allowedTenants: [foreign] })).signIn()).toMatchObject({
      verdict: 'refused',
      refusal: { status: 403, sentence: expect.stringContaining('organisation') },
    });
  });

  it('cannot be claimed beside the issuer', async () => {
    await publish('organizations', `${login}/{tenantid}/v2.0`);
    entra.idToken = { ...ada, iss: `${login}/${foreign}/v2.0`, tid: home };
    const outcome = await (
      await door({ tenant: 'organizations', allowAll: true, allowedTenants: [home] })
    ).signIn();
    expect(outcome.verdict).toBe('refused');
  });

  it('are never all at once', async () => {
    for (const tenant of ['common', 'organizations', 'Consumers']) {
      await expect(door({ tenant })).rejects.toMatchObject({ code: 'HUB_CONFIG_INVALID' });
    }
    const elsewhere = {
      tenant: 'common',
      allowedTenants: [home],
      loginUrl: 'https://login.microsoftonline.us',
    };
    await expect(door(elsewhere)).rejects.toMatchObject({ code: 'HUB_CONFIG_INVALID' });
  });
});

describe('more groups than a token holds', () => {
  it('are asked from Graph', async () => {
    entra.idToken = { ...ada, ...overage };
    entra.on('POST', memberGroups, { json: { '@odata.context': '…', value: [students, staff] } });
    const outcome = await (await door({ allowedGroups: [staff] })).signIn();

    expect(outcome).toMatchObject({ verdict: 'in', identity: { groups: [students, staff] } });
    expect(outcome.asked.get('scope')).toContain('https://graph.microsoft.com/User.Read');
    expect(entra.requestsTo(memberGroups)[0]?.headers.authorization).toBe('Bearer graph-token');
  });

  it('are noticed in the short form, too', async () => {
    entra.idToken = { ...ada, groups: undefined, hasgroups: true };
    entra.on('POST', memberGroups, { json: { value: [] } });
    expect(await (await door({ allowedGroups: [staff] })).signIn()).toMatchObject({
      verdict: 'known',
      identity: { groups: [] },
    });
  });

  it('are explained where Graph shall not be asked', async () => {
    entra.idToken = { ...ada, ...overage };
    const opened = await door({ allowedGroups: [staff], groupOverage: 'refuse' });
    const outcome = await opened.signIn();
    expect(outcome).toMatchObject({ verdict: 'refused', refusal: { status: 503 } });
    expect(outcome.asked.get('scope')).not.toContain('User.Read');
    expect(JSON.stringify(opened.logged)).toContain('groupOverage');
  });

  it.each([
    ['a missing permission', { status: 403, json: { error: { code: 'Authorization_RequestDenied' } } }],
    ['a token for something else', { status: 401, json: { error: { code: 'InvalidAuthenticationToken' } } }],
    [
      'too many even for Graph',
      { status: 400, json: { error: { code: 'Directory_ResultSizeLimitExceeded' } } },
    ],
    ['a fault', { status: 503, json: {} }],
    ['another shape', { json: { value: staff } }],
  ])('let nobody in over %s', async (_what, answer) => {
    entra.idToken = { ...ada, ...overage };
    entra.on('POST', memberGroups, answer);
    const outcome = await (await door({ allowAll: true })).signIn();
    expect(outcome).toMatchObject({ verdict: 'refused', refusal: { status: 503 } });
  });
});

it('puts somebody out whose new id token names the group no more', async () => {
  entra.token = { ...entra.token, expires_in: 60 }; // so soon over that it is renewed
  const opened = await door({ allowedGroups: [staff] });
  const outcome = await opened.signIn();
  entra.idToken = { ...ada, groups: undefined };
  expect(outcome.verdict).toBe('in');
  expect(await refreshOf(opened, outcome)).toMatchObject({ verdict: 'known', identity: { groups: [] } });
});
