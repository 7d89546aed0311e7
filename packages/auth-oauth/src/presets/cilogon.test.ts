import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDoor } from '../../test/support/door.ts';
import { FakeProvider } from '../../test/support/fake-provider.ts';
import { cilogonAuthenticator } from './cilogon.ts';

type Options = Parameters<typeof cilogonAuthenticator>[0];
type Idps = Options['allowedIdps'];

const host = 'https://cilogon.org';
const engines = 'https://idp.engines.example/shibboleth';
const github = 'http://github.com/login/oauth/authorize';
let cilogon: FakeProvider;

/** The shape of the userinfo answer, shortened. */
const ada = {
  sub: 'http://cilogon.org/serverA/users/1815',
  idp: engines,
  idp_name: 'Analytical Engines',
  eppn: 'ada@engines.example',
  email: 'Ada.Lovelace@mail.engines.example',
  name: 'Ada Lovelace',
  affiliation: 'staff@engines.example',
};

const idps: Idps = {
  [github]: {
    usernameDerivation: { usernameClaim: 'preferred_username', action: 'prefix', prefix: 'github' },
  },
  [engines]: {
    usernameDerivation: { usernameClaim: 'eppn', action: 'strip_idp_domain', domain: 'Engines.example' },
    default: true,
  },
};

beforeEach(async () => {
  cilogon = await FakeProvider.start();
  await cilogon.openId({
    issuer: host,
    authorize: `${host}/authorize`,
    token: `${host}/oauth2/token`,
    userinfo: `${host}/oauth2/userinfo`,
  });
  cilogon.token = { access_token: `${host}/oauth2/accessToken/1`, token_type: 'Bearer', expires_in: 900 };
  told(ada);
});
afterEach(() => cilogon[Symbol.asyncDispose]());

function told(claims: Record<string, unknown>) {
  cilogon.idToken = { sub: ada.sub };
  cilogon.on('GET', `${host}/oauth2/userinfo`, { json: claims });
}

function door(allowedIdps: Idps = idps, options: Partial<Options> = {}) {
  return openDoor(
    cilogonAuthenticator,
    cilogonAuthenticator({ ...cilogon.client, allowedIdps, ...options }),
    cilogon,
  );
}

/** The institution of Ada with these rules. */
function withRules(rules: Omit<Idps[string], 'usernameDerivation'>): Idps {
  return { [engines]: { usernameDerivation: { usernameClaim: 'eppn' }, ...rules } };
}

describe('user names', () => {
  it('lose the domain of the institution, and no other', async () => {
    const outcome = await (await door()).signIn();
    expect(outcome).toMatchObject({
      verdict: 'known',
      name: 'ada',
      identity: { subject: `${host}#${ada.sub}` },
    });
    told({ ...ada, eppn: 'ada@evil-engines.example' });
    expect((await (await door()).signIn()).name).toBe('ada@evil-engines.example');
  });

  it('get the prefix of the institution', async () => {
    told({ ...ada, idp: github, preferred_username: 'Ada' });
    expect((await (await door()).signIn()).name).toBe('github:ada');
  });

  it('are needed', async () => {
    told({ ...ada, eppn: undefined });
    expect(await (await door()).signIn()).toMatchObject({ verdict: 'refused', refusal: { status: 403 } });
  });
});

describe('institutions', () => {
  it('are offered, with the usual one first', async () => {
    const { asked } = await (await door(idps, { skin: 'engines' })).signIn();
    expect(asked.get('selected_idp')).toBe(`${engines},${github}`);
    expect(asked.get('skin')).toBe('engines');
    expect(asked.get('scope')).toContain('org.cilogon.userinfo');
  });

  it.each([['https://idp.evil.example/idp'], [undefined], [['https://idp.engines.example/shibboleth']]])(
    'that are not named bring nobody in: %j',
    async (idp) => {
      told({ ...ada, idp });
      expect(await (await door(idps, { allowAll: true })).signIn()).toMatchObject({
        verdict: 'refused',
        refusal: { status: 403, sentence: expect.stringContaining('institution') },
      });
    },
  );

  it('may let in everybody of theirs', async () => {
    expect((await (await door(withRules({ allowAll: true }))).signIn()).verdict).toBe('in');
    told({ ...ada, idp: github, preferred_username: 'ada' });
    const both = { ...idps, ...withRules({ allowAll: true }) };
    expect((await (await door(both)).signIn()).verdict).toBe('known');
  });

  it.each([
    ['the same domain', ['Engines.example'], undefined, 'in'],
    ['one below it', ['*.engines.example'], 'email', 'in'],
    ['the domain itself, where those below are meant', ['*.engines.example'], undefined, 'known'],
    ['one that only ends like it', ['gines.example'], undefined, 'known'],
    ['none of a claim that is missing', ['engines.example'], 'mail', 'known'],
  ] as const)('may let in domains: %s', async (_what, allowedDomains, allowedDomainsClaim, verdict) => {
    const rules = allowedDomainsClaim ? { allowedDomains, allowedDomainsClaim } : { allowedDomains };
    expect((await (await door(withRules(rules))).signIn()).verdict).toBe(verdict);
  });

  it('are checked at start, all mistakes at once', async () => {
    const wrong: Idps = {
      'engines.example': { usernameDerivation: { usernameClaim: 'eppn', action: 'strip_idp_domain' } },
      [github]: { usernameDerivation: { usernameClaim: 'sub', action: 'prefix' } },
    };
    await expect(door(wrong)).rejects.toMatchObject({
      code: 'HUB_CONFIG_INVALID',
      problems: [
        expect.stringContaining('no entity id'),
        expect.stringContaining('needs domain'),
        expect.stringContaining('needs prefix'),
      ],
    });
    await expect(door({})).rejects.toMatchObject({ code: 'HUB_CONFIG_INVALID' });
  });
});

it('lets nobody in over a fault', async () => {
  cilogon.on('GET', `${host}/oauth2/userinfo`, { status: 502, text: 'Bad Gateway' });
  expect(await (await door(idps, { allowAll: true })).signIn()).toMatchObject({
    verdict: 'refused',
    refusal: { status: 503 },
  });
});
