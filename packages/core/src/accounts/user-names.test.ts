import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Authenticator } from '../plugin/index.ts';
import { isPossibleName, userNames } from './user-names.ts';
import { escapeName } from './user-view.ts';

const plain: Authenticator = { login: { none: true }, authenticate: async () => null };

describe('normalising (P107)', () => {
  it('lowers the case, then maps', async () => {
    const names = userNames(
      { nameMap: { 'Ada.L': 'ada' } },
      { id: 'pam', isFirst: true, authenticator: plain },
    );
    expect(await names.normalise('ADA.l')).toEqual({ name: 'ada', unmapped: 'ada.l' });
    expect(await names.normalise('Bob')).toEqual({ name: 'bob', unmapped: 'bob' });
    expect(await names.normalise('__proto__')).toEqual({ name: '__proto__', unmapped: '__proto__' });
  });

  it('leaves case to an authenticator that normalises itself, and maps only what is meant for it', async () => {
    const authenticator = { ...plain, normalizeName: (name: string) => name.trim() };
    const names = userNames(
      { nameMap: { ada: 'first', 'github:ada': 'second' } },
      { id: 'github', isFirst: false, authenticator },
    );
    expect(await names.normalise(' Bob ')).toEqual({ name: 'Bob', unmapped: 'Bob' });
    expect((await names.normalise('Ada')).name).toBe('second');
  });
});

describe('which names are possible (P108)', () => {
  it.each(['', ' ada', 'ada ', 'a/b', '.', '..', '%2e%2e', '%2E.', 'a\0b', '\ud800', 'x'.repeat(256)])(
    'not %j',
    (name) => {
      expect(isPossibleName(name)).toBe(false);
    },
  );

  it.each(['ada', 'ada@example.org', 'a.b', '...a', 'ünï', 'a b', '%2f'])('%j', (name) => {
    expect(isPossibleName(name)).toBe(true);
  });

  it('also those the pattern matches as a whole, and the authenticator accepts', () => {
    const pattern = userNames({ userNamePattern: 'a|ada' }, null);
    expect([pattern.isValid('ada'), pattern.isValid('adam')]).toEqual([true, false]);
    const authenticator = { ...plain, validateName: (name: string) => name !== 'root' };
    const names = userNames({}, { id: 'pam', isFirst: true, authenticator });
    expect([names.isValid('root'), names.isValid('ada')]).toEqual([false, true]);
  });

  it('whatever is possible stays one segment of a path, and is never empty or a step up', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[.%2eE/ a]{0,8}$/)), (name) => {
        fc.pre(isPossibleName(name));
        const path = new URL(`/user/${escapeName(name)}/x`, 'http://hub').pathname;
        expect(path.split('/').slice(0, 2)).toEqual(['', 'user']);
        expect(path.split('/')).toHaveLength(4);
        expect(decodeURIComponent(path.split('/')[2] ?? '')).toBe(name);
      }),
      { numRuns: 2000 },
    );
  });
});
