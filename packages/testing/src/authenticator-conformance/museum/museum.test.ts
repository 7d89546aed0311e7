import {
  type Authenticator,
  definePlugin,
  HubError,
  type Identity,
  Authenticator as Kind,
  Logger,
} from '@hub/core/plugin';
import { describe, expect, it } from 'vitest';
import { authenticatorConformance } from '../authenticator-conformance.ts';
import { readyAuthenticator } from '../ready-authenticator.ts';
import type { AuthenticatorConformanceOptions, AuthenticatorUnderTest } from '../under-test.ts';

const valid = { username: 'ada', password: 'correct horse' };
const wrong = { username: 'ada', password: 'wrong horse' };

const sound: Authenticator = {
  login: { form: { fields: ['username', 'password'] } },
  authenticate: async (_request, { username, password }) =>
    username === valid.username && password === valid.password ? { name: 'ada' } : null,
};

/** Names of the cases an authenticator fails, with the first line of why. */
async function failuresOf(
  given: Authenticator | AuthenticatorUnderTest,
  options: AuthenticatorConformanceOptions = {},
): Promise<Record<string, string>> {
  const cases: [string, () => Promise<void>][] = [];
  authenticatorConformance(
    (name, run) => cases.push([name, run]),
    () => ('authenticator' in given ? { valid, wrong, ...given } : { authenticator: given, valid, wrong }),
    options,
  );
  const failures: Record<string, string> = {};
  for (const [name, run] of cases) {
    await run().catch((error: Error) => {
      failures[name] = error.message.split('\n')[0] ?? '';
    });
  }
  return failures;
}

/** Answers with more than `sound` does. */
const with_ = (more: object): Authenticator => ({
  ...sound,
  // Types are what these exhibits break.
  authenticate: async (request, data) => {
    const identity = await sound.authenticate(request, data);
    return identity && ({ ...identity, ...more } as Identity);
  },
});

/** What an exhibit breaks is often its type. */
const broken = (more: object): Authenticator => ({ ...sound, ...more }) as Authenticator;

const cases = {
  login: 'says how a login begins: a form, a button or nothing (P144)',
  self: 'says of itself what the hub understands (P143, P161)',
  config: 'looks over its own options without failing (P118)',
  deleted: 'forgets a user it never heard of without failing (P116)',
  hooks: 'hears of a login and of its end without failing, whoever it was (P146, P802)',
  roles: 'names roles as the hub knows them (P137, P139)',
  questions: 'answers questions about names with yes or no (P109–P112)',
  normal: 'normalises whatever comes, and what it normalised to itself (P107)',
  names: 'says of every name at once whether it accepts it, the same each time (P108)',
  ownName: 'accepts the name it brought (P108)',
  hasName: 'answers the right person with an identity that has a name (P102)',
  same: 'answers the same person with the same name and subject each time',
  types: 'gives an identity that is plain JSON of the right types (P103)',
  open: 'keeps secrets out of what everybody may see',
  fields: 'has a form for the fields it is given',
  refuses: 'refuses a wrong secret with null (P102, P105)',
  missing: 'refuses missing fields with null',
  typed: 'takes a secret as it was typed: with blanks around it is another one (P106)',
  hostile: 'refuses hostile names and secrets with null, and never fails over them',
  swapped: 'does not take one field for the other',
  apart: 'keeps people apart who sign in at the same time',
  log: 'tells no secret in its log',
  thrown: 'tells no secret in what it throws',
  kept: 'keeps no secret where anybody can look: in its own fields',
  refreshed: 'still knows who has just come, or says what changed (P126)',
  refreshedBare: 'answers also where the hub kept nothing (P126)',
  refreshedMany: 'answers for several at once (P125)',
  routes: 'declares its routes with a path of its own and who may use them (P141)',
  button: 'leads its button to a route of its own (P142)',
  answered: 'leaves nobody without an answer, whatever they bring (P804)',
  answers: 'tells no secret in its answers',
} as const;

type Route = Parameters<NonNullable<Authenticator['routes']>>[0]['route'];
const withRoutes = (declare: (route: Route) => void) =>
  broken({ routes: ({ route }: { route: Route }) => declare(route) });
const anyone = { scope: 'anyone' } as const;

describe('the museum of broken authenticators', () => {
  it('a sound one fails nothing', async () => {
    expect(await failuresOf(sound)).toEqual({});
  });

  it('one whose provider takes each token once is sound', async () => {
    let current = 0;
    const next = () => {
      current += 1;
      return { token: current };
    };
    const once = broken({
      authenticate: async (...given: Parameters<Authenticator['authenticate']>) => {
        const identity = await sound.authenticate(...given);
        return identity && { ...identity, authState: next() };
      },
      refresh: async (_user: unknown, kept: { token: number } | null) =>
        kept?.token === current && { authState: next() },
    });
    expect(await failuresOf(once)).toEqual({});
  });

  it('one that can do everything, soundly, fails nothing', async () => {
    const whole = broken({
      normalizeName: (name: string) => name.toLowerCase(),
      validateName: (name: string) => name.length < 30,
      isBlocked: () => false,
      isAllowed: () => true,
      isAdmin: () => null,
      refresh: async () => ({ groups: ['staff'] }),
      onLogout: () => '/hub/login',
      loadManagedRoles: async () => [{ name: 'grader', scopes: ['self'] }],
      routes: ({ route }: { route: Route }) => {
        route('GET', '/begin', anyone, (context) => context.redirect(context.urlOf('/end')));
        route('GET', '/end', anyone, ({ query, safeNext, signIn }) =>
          signIn({ name: 'ada' }, safeNext(query.next)),
        );
      },
      authenticate: async (...given: Parameters<Authenticator['authenticate']>) => {
        const identity = await sound.authenticate(...given);
        return identity && { ...identity, groups: ['staff'] };
      },
    });
    const given = { authenticator: whole, managesGroups: true };
    expect(await failuresOf(given, { supports: { refresh: true, routes: true } })).toEqual({});
  });

  it.each<[string, object, readonly (keyof typeof cases)[], string]>([
    ['a blank name', { name: ' ' }, ['hasName'], 'not empty'],
    ['a yes for an administrator', { admin: 'yes' }, ['types'], 'admin is true, false or null'],
    ['numbers for groups', { groups: [1] }, ['types'], 'groups are names'],
    ['one word for groups', { groups: 'staff' }, ['types'], 'groups are names'],
    ['a date in auth_state', { authState: { at: new Date() } }, ['types'], 'survive JSON'],
    ['a list as user info', { userInfo: [] }, ['types'], 'are objects'],
    ['a NUL in user info', { userInfo: { a: '\0' } }, ['types'], 'no NUL'],
    ['half a character', { userInfo: { a: '\ud800' } }, ['types'], 'half characters'],
    ['a role without a name', { roles: [{ name: '' }] }, ['types'], 'a role has a name'],
    ['a scope that is none', { roles: [{ name: 'grader', scopes: [1] }] }, ['types'], 'scopes of a role'],
    ['an empty subject', { subject: '' }, ['types'], 'subject is text'],
    ['a number for a session', { providerSession: 7 }, ['types'], 'providerSession is text'],
    ['the password for all to see', { userInfo: { p: valid.password } }, ['open'], 'holds a secret'],
  ])('one that brings %s', async (_what, more, failed, why) => {
    const failures = await failuresOf(with_(more));
    expect(Object.keys(failures)).toEqual(failed.map((name) => cases[name]));
    expect(Object.values(failures)[0]).toContain(why);
  });

  it.each<[string, object, readonly (keyof typeof cases)[], string]>([
    ['has two ways to begin', { login: { ...sound.login, none: true } }, ['login'], 'exactly one'],
    ['asks for _xsrf', { login: { form: { fields: ['username', 'password', '_xsrf'] } } }, ['login'], 'own'],
    ['asks twice', { login: { form: { fields: ['username', 'password', 'password'] } } }, ['login'], 'once'],
    ['asks for too little', { login: { form: { fields: ['username'] } } }, ['fields'], 'no field password'],
    ['signs in by itself sometimes', { autoLogin: 'sometimes' }, ['self'], 'autoLogin'],
    ['fails over its options', { checkConfig: () => Promise.reject(new Error('bad')) }, ['config'], 'bad'],
    ['warns in numbers', { checkConfig: () => [1] }, ['config'], 'sentences'],
    ['cannot forget', { onUserDeleted: () => Promise.reject(new Error('who?')) }, ['deleted'], 'who?'],
    ['cannot hear of a login', { onLogin: () => Promise.reject(new Error('who?')) }, ['hooks'], 'who?'],
    ['sends people nowhere', { onLogout: () => 'javascript:alert(1)' }, ['hooks'], 'http address'],
    ['sends people elsewhere', { onLogout: () => '//elsewhere.example' }, ['hooks'], 'http address'],
    ['has roles the hub does not', { loadManagedRoles: async () => [{ name: 'X' }] }, ['roles'], 'role'],
    ['says neither yes nor no', { isAllowed: () => 'yes' }, ['questions'], 'true or false for "conformance"'],
    [
      'stumbles over names',
      { isBlocked: (name: string) => new RegExp(name).test('root') },
      ['questions'],
      'Invalid regular expression',
    ],
    [
      'looks names up in an object',
      { isAdmin: (name: string) => ({ root: true })[name as 'root'] ?? null },
      ['questions'],
      'isAdmin answers true, false or null for "__proto__"',
    ],
    [
      'renames without end',
      { normalizeName: (name: string) => `${name}-x` },
      ['normal', 'ownName'],
      'second time',
    ],
    ['fails over empty names', { normalizeName: emptyFails }, ['normal'], 'no name'],
    ['accepts by chance', { validateName: () => chance.next() }, ['names'], 'second answer'],
    ['knows not its own', { validateName: () => false }, ['ownName'], 'is none to it'],
    ['expires at once', { refresh: async () => false }, ['refreshed'], 'known no more'],
    [
      'refreshes to a name',
      { refresh: async () => 'ada' },
      ['refreshed', 'refreshedBare', 'refreshedMany'],
      'true',
    ],
    [
      'refreshes to somebody else',
      { refresh: async () => ({ subject: 'grace' }) },
      ['refreshed', 'refreshedBare', 'refreshedMany'],
      'somebody else',
    ],
    [
      'needs what the hub may not have kept',
      { refresh: async (_user: unknown, state: object | null) => ({ groups: Object.keys(state as object) }) },
      ['refreshed', 'refreshedBare', 'refreshedMany'],
      'null',
    ],
  ])('one that %s', async (_what, more, failed, why) => {
    const failures = await failuresOf(broken(more));
    expect(Object.keys(failures)).toEqual(failed.map((name) => cases[name]));
    expect(Object.values(failures)[0]).toContain(why);
  });

  it.each<[string, Authenticator['authenticate'], readonly (keyof typeof cases)[]]>([
    [
      'gives another subject each time',
      async (request, data) => {
        const identity = await sound.authenticate(request, data);
        return identity && { ...identity, subject: crypto.randomUUID() };
      },
      ['same'],
    ],
    [
      'trims what is not its to trim',
      (request, { username = '', password = '' }) =>
        sound.authenticate(request, { username, password: password.trim() }),
      ['typed'],
    ],
    [
      'throws for a no, and repeats what was typed',
      async (request, data) => {
        const identity = await sound.authenticate(request, data);
        if (identity) return identity;
        throw new Error(`wrong password ${data.password}`);
      },
      ['refuses', 'missing', 'typed', 'hostile', 'swapped', 'apart', 'thrown'],
    ],
    [
      'lets anybody in who leaves the password away',
      async (request, data) =>
        data.password ? sound.authenticate(request, data) : { name: data.username || 'guest' },
      ['missing', 'hostile'],
    ],
  ])('one that %s', async (_what, authenticate, failed) => {
    expect(Object.keys(await failuresOf({ ...sound, authenticate }))).toEqual(
      failed.map((name) => cases[name]),
    );
  });

  it('one that remembers the last visitor mixes up people who come at the same time', async () => {
    let last: Identity | null = null;
    const authenticate: Authenticator['authenticate'] = async (request, data) => {
      last = await sound.authenticate(request, data);
      await new Promise((resolve) => setTimeout(resolve, 1));
      return last;
    };
    expect(Object.keys(await failuresOf({ ...sound, authenticate }))).toEqual([cases.apart]);
  });

  it('one that keeps what was typed in a field', async () => {
    const forgetful = {
      ...sound,
      tries: [] as string[],
      authenticate: (async (request, data) => {
        forgetful.tries.push(data.password ?? '');
        return sound.authenticate(request, data);
      }) satisfies Authenticator['authenticate'],
    };
    expect(Object.keys(await failuresOf(forgetful))).toEqual([cases.kept]);
  });

  it('one that logs what was typed, as a plugin with the hub’s logger', async () => {
    const talkative = definePlugin({
      name: 'hub-auth-talkative',
      api: 1,
      provides: Kind,
      options: { type: 'object', properties: { level: { enum: ['low', 'high'], default: 'low' } } },
      needs: { log: Logger },
      create: ({ log, options }): Authenticator => ({
        ...sound,
        async authenticate(request, data) {
          log.debug({ data, level: options.level }, 'somebody tries');
          return sound.authenticate(request, data);
        },
      }),
    });
    expect(Object.keys(await failuresOf({ authenticator: talkative() }))).toEqual([cases.log]);
    const ready = await readyAuthenticator(talkative());
    await ready.authenticator.authenticate({} as never, {});
    expect(ready.logged[0]?.fields).toMatchObject({ level: 'low' });
    // Options are checked as a hub does.
    await expect(readyAuthenticator(talkative({ level: 'none' as 'low' }))).rejects.toMatchObject({
      code: 'HUB_CONFIG_INVALID',
    });
  });

  it('one that never answers', async () => {
    const authenticate = () => new Promise<never>(() => undefined);
    const failures = await failuresOf({ ...sound, authenticate }, { limitSeconds: 0.01 });
    expect(failures[cases.hasName]).toBe('authenticate gave no answer within 0.01 s');
    expect(Object.keys(failures)).not.toContain(cases.login);
  });

  it.each<[string, Authenticator, readonly (keyof typeof cases)[], string]>([
    ['declares nothing', withRoutes(() => undefined), ['routes'], 'declares none'],
    [
      'reaches out of its place',
      withRoutes((route) => route('GET', '/../admin', anyone, ({ send }) => send(200, ''))),
      ['routes'],
      'a slash and plain words',
    ],
    [
      'says nobody who may come',
      withRoutes((route) => route('GET', '/a', {} as never, ({ send }) => send(200, ''))),
      ['routes'],
      "a scope, 'user' or 'anyone'",
    ],
    [
      'declares a route twice',
      withRoutes((route) => {
        for (const _ of [1, 2]) route('GET', '/a', anyone, ({ send }) => send(200, ''));
      }),
      ['routes'],
      'each route once',
    ],
    [
      'leaves people waiting',
      withRoutes((route) => route('GET', '/a', anyone, () => undefined)),
      ['answered', 'answers'],
      '0 times',
    ],
    [
      'answers twice',
      withRoutes((route) =>
        route('GET', '/a', anyone, ({ send }) => {
          send(200, '');
          send(200, '');
        }),
      ),
      ['answered', 'answers'],
      '2 times',
    ],
    [
      'fails over what people bring',
      withRoutes((route) => route('GET', '/a', anyone, ({ query, send }) => send(200, query.code!.length))),
      ['answered', 'answers'],
      'failed: TypeError',
    ],
    [
      'leads wherever it is told',
      withRoutes((route) =>
        route('GET', '/a', anyone, ({ query, redirect }) => redirect(query.next ?? '/hub/')),
      ),
      ['answered', 'answers'],
      'leads wherever `next` says',
    ],
    [
      'tells its secret',
      withRoutes((route) => route('GET', '/a', anyone, ({ send }) => send(200, { key: valid.password }))),
      ['answers'],
      'told a secret',
    ],
  ])('one whose routes: it %s', async (_what, authenticator, failed, why) => {
    const failures = await failuresOf(authenticator);
    expect(Object.keys(failures)).toEqual(failed.map((name) => cases[name]));
    expect(Object.values(failures)[0]).toContain(why);
  });

  it('a refusal with a status below 500 is an answer', async () => {
    const authenticator = withRoutes((route) =>
      route('GET', '/a', anyone, () => {
        throw new HubError('HUB_FORBIDDEN', 'not today');
      }),
    );
    expect(await failuresOf(authenticator)).toEqual({});
  });

  it('one whose button leads nowhere, and whose people come another way', async () => {
    const authenticator = broken({
      login: { button: { label: 'Sign in', path: '/begin' } },
      routes: ({ route }: { route: Route }) => route('GET', '/other', anyone, ({ send }) => send(200, '')),
    });
    const given: AuthenticatorUnderTest = {
      authenticator,
      identify: async () => ({ name: 'ada', admin: 1 as never }),
    };
    const failures = await failuresOf(given, { supports: { form: false, identity: true } });
    expect(Object.keys(failures)).toEqual([cases.types, cases.button].map(String));
  });

  it('one that manages groups and names none', async () => {
    const authenticator = broken({ refresh: async () => ({}) });
    expect(Object.keys(await failuresOf({ authenticator, managesGroups: true }))).toEqual([
      cases.types,
      cases.refreshed,
      cases.refreshedBare,
      cases.refreshedMany,
    ]);
  });

  it('one that does not declare what it can do', async () => {
    const failures = await failuresOf(sound, { supports: { refresh: true } });
    expect(new Set(Object.values(failures))).toEqual(
      new Set(['`supports` says it has refresh, and it has not.']),
    );
  });
});

describe('what an authenticator cannot do', () => {
  it('is declared and shows as skipped by name, or says so where it is missing', async () => {
    const skipped: string[] = [];
    const notes: string[] = [];
    const runs: (() => Promise<void>)[] = [];
    const it_ = Object.assign(
      (_name: string, run: (context?: object) => Promise<void>) => {
        runs.push(() => run({ skip: (note: string) => notes.push(note) }));
      },
      { skip: (name: string) => void skipped.push(name) },
    );
    authenticatorConformance(it_, () => ({ authenticator: sound }), {
      supports: { form: false, refresh: false },
    });
    expect(skipped).toContain(`${cases.refuses} [not supported: refusal]`);
    expect(skipped).toContain(`${cases.types} [not supported: identity]`);
    expect(skipped).toContain(`${cases.refreshed} [not supported: refresh]`);
    for (const run of runs) await run();
    expect(new Set(notes)).toEqual(new Set(['not supported: routes']));
  });
});

function emptyFails(name: string): string {
  if (name === '') throw new Error('no name');
  return name.toLowerCase();
}

const chance = {
  last: false,
  next(): boolean {
    this.last = !this.last;
    return this.last;
  },
};
