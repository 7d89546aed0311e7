import { describe, expect, it } from 'vitest';
import { nextUrl, requestOrigin, safeNext, withCurrentQuery } from './next-url.ts';

const host = '127.0.0.1:18000';
const plain = { origin: `http://${host}`, subdomainHost: null };
const subdomains = { origin: 'https://hub.test:18300', subdomainHost: 'hub.test:18300' };
const published = { origin: 'https://pub.example', subdomainHost: null };
const query = (text: string) => new URLSearchParams(text);

describe('W23: next on a plain hub', () => {
  it.each([
    ['/hub/admin', '/hub/admin'],
    ['/user/other', '/user/other'],
    ['/absolute', '/absolute'],
    ['/has?query#andhash', '/has?query#andhash'],
    ['/has?repo=https://host.git', '/has?repo=https://host.git'],
    [`http://${host}`, '/'],
    [`//${host}`, '/'],
    [`http://${host}/x`, '/x'],
    [`http://${host}//other/`, '/other/'],
    [`http://${host}////o`, '/o'],
    [`//${host}/x?y=1#z`, '/x?y=1#z'],
    [`///${host}/x`, '/x'],
    ['/\\other', '/%5Cother'],
    ['/%5Cother', '/%5Cother'],
    ['/a//b', '/a//b'],
    ['/a b', '/a b'],
    ['/x?next=/y', '/x?next=/y'],
    ['/..//evil', '/..//evil'],
    [' /x ', '/x'],
    ['\x01/x\x1f', '/x'],
    ['/a\x02b', '/a b'],
  ])('%j leads to %j', (next, path) => {
    expect(safeNext(next, plain)).toBe(path);
  });

  it.each([
    [undefined],
    [null],
    [''],
    ['relative/path'],
    ['.'],
    ['?a=1'],
    ['#x'],
    ['https://other'],
    ['ftp://other'],
    ['//other'],
    ['///other/x'],
    ['////other'],
    ['\\\\other\\b'],
    [`https://${host}/x`],
    [`HTTP://${host}/x`],
    ['http://localhost:18000/x'],
    [`http://${host}1/x`],
    [`http://${host}@evil/x`],
    [`//${host}@evil/x`],
    ['javascript:alert(1)'],
    ['http:///evil'],
    ['http:/evil'],
    ['/\t/evil'],
    ['\t//evil'],
    [' //evil'],
    ['/\n/evil'],
    // Passed on, or failing with 500, in the original; refused here.
    ['/x\r\ny'],
    ['/a\tb'],
    ['http://[::1'],
    ['//[::1'],
    // Another spelling of the hub's own host.
    ['//127.1:18000/x'],
    [`http://${host}?x=1`],
  ])('%j is refused', (next) => {
    expect(safeNext(next, plain)).toBeNull();
  });
});

describe('W23: next with subdomains', () => {
  it.each([
    ['https://bob.hub.test:18300/x', '/x'],
    ['https://hub.test:18300/x', '/x'],
    ['http://bob.hub.test:18300/y', '/y'],
    ['ftp://bob.hub.test:18300/y', '/y'],
    ['https://bob.hub.test:18300', '/'],
    ['https://bob.hub.test:18300//evil/x', '/evil/x'],
    ['https://evilhub.test:18300/', null],
    ['https://bob.hub.test/y', null],
    ['https://bob.hub.test:18300.evil/y', null],
  ])('%j leads to %j', (next, path) => {
    expect(safeNext(next, subdomains)).toBe(path);
  });
});

describe('W23: next with a public URL', () => {
  it.each([
    ['https://pub.example/zz', '/zz'],
    ['http://127.0.0.1:18000/zz', null],
  ])('%j leads to %j', (next, path) => {
    expect(safeNext(next, published)).toBe(path);
  });
});

describe('safeNext', () => {
  it('never leads away, whatever was typed', () => {
    const parts = [
      '/',
      '\\',
      '\t',
      '\n',
      ' ',
      '//',
      'evil',
      '@',
      ':',
      '[',
      '%2f',
      'http:',
      host,
      '?',
      '#',
      '\u2028',
    ];
    for (const a of parts)
      for (const b of parts)
        for (const c of parts)
          for (const d of parts) {
            const path = safeNext(a + b + c + d, plain);
            if (path !== null) expect(new URL(path, plain.origin).origin).toBe(plain.origin);
          }
  });
});

describe('W21: the rest of the query', () => {
  it('goes to the default target', () => {
    expect(withCurrentQuery('/hub/spawn', query('xyz=5'))).toBe('/hub/spawn?xyz=5');
    expect(withCurrentQuery('/a?b=1#c', query('d=2'))).toBe('/a?b=1&d=2#c');
    expect(withCurrentQuery('/a?', query('d=2'))).toBe('/a?d=2');
  });

  it('leaves next and _xsrf behind', () => {
    expect(withCurrentQuery('/a', query('next=/x&_xsrf=t'))).toBe('/a');
  });
});

describe('W21: where a page leads', () => {
  const facts = {
    next: undefined,
    query: query('xyz=5'),
    fallback: null,
    defaultUrl: '',
    activeServer: null,
    signedIn: true,
    redirectToServer: true,
    hubPath: '/hub/',
  };
  it.each([
    ['a safe next, unchanged', { next: '/x?b=10&a=5' }, '/x?b=10&a=5'],
    ["the page's own default", { next: '//evil', fallback: '/user/ada/' }, '/user/ada/?xyz=5'],
    ['the configured default', { defaultUrl: '/welcome' }, '/welcome?xyz=5'],
    ['the active server', { activeServer: '/user/ada/' }, '/user/ada/?xyz=5'],
    ['the spawn page', {}, '/hub/spawn?xyz=5'],
    [
      'home when servers are not started',
      { redirectToServer: false, activeServer: '/user/ada/' },
      '/hub/home?xyz=5',
    ],
    ['home for strangers', { signedIn: false }, '/hub/home?xyz=5'],
  ])('%s', (_, change, target) => {
    expect(nextUrl({ ...facts, ...change }, plain)).toBe(target);
  });
});

describe('the origin of a request', () => {
  it('is that of the public URL when there is one', () => {
    expect(requestOrigin('https://pub.example/pre/', 'http', 'inside:8081')).toBe('https://pub.example');
  });

  it.each(['hub.test', 'hub.test:8000', '127.0.0.1:1', '[::1]:8000'])('else that of the host %s', (host) => {
    expect(requestOrigin('', 'https', host)).toBe(`https://${host}`);
  });

  it.each(['', 'a@b', 'a/b', 'a b', 'a?b', '[::1', 'a:b', 'a\\b'])(
    'a host %j is refused with 400',
    (host) => {
      expect(() => requestOrigin('', 'http', host)).toThrow(expect.objectContaining({ status: 400 }));
    },
  );
});
