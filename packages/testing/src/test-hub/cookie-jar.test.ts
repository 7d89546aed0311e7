import { expect, it } from 'vitest';
import { CookieJar } from './cookie-jar.ts';

it('sends a cookie below its path only, the longest path first', () => {
  const jar = new CookieJar();
  jar.keep('_xsrf=of-the-hub; Path=/hub/', '/hub/login');
  jar.keep('_xsrf=of-the-server; Path=/user/ada/', '/user/ada/lab');
  jar.keep('session=1; Path=/; HttpOnly', '/hub/login');
  expect(jar.header('/hub/home')).toBe('_xsrf=of-the-hub; session=1');
  expect(jar.header('/user/ada/api')).toBe('_xsrf=of-the-server; session=1');
  expect(jar.header('/user/ad')).toBe('session=1');
  expect([jar.get('_xsrf'), jar.get('_xsrf', '/hub/token'), jar.get('_xsrf', '/')]).toEqual([
    'of-the-server',
    'of-the-hub',
    undefined,
  ]);
});

it('takes a cookie away by an empty value or a time gone by, at its own path', () => {
  const jar = new CookieJar();
  for (const name of ['a', 'b', 'c', 'd']) jar.keep(`${name}=1; path=/hub`, '/');
  jar.keep('a=; Path=/hub', '/');
  jar.keep('b=gone; Path=/hub; Max-Age=0', '/');
  jar.keep('c=gone; Path=/hub; Expires=Thu, 01 Jan 1970 00:00:00 GMT', '/');
  jar.keep('d=; Path=/', '/');
  expect(jar.header('/hub')).toBe('d=1');
  jar.keep('e=2', '/hub/login');
  expect(jar.header('/hub/token')).toBe('d=1; e=2');
  expect(jar.header('/')).toBe('');
});
