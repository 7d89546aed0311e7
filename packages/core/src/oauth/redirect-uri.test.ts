import { describe, expect, it } from 'vitest';
import { absoluteUri, formTargets, withParameters } from './redirect-uri.ts';

describe('parameters of a redirect', () => {
  it.each([
    ['/cb', '/cb?code=c&state=s'],
    ['/cb?a=b', '/cb?a=b&code=c&state=s'],
    ['/cb?', '/cb?code=c&state=s'],
    ['https://x.example/cb#part', 'https://x.example/cb?code=c&state=s#part'],
  ])('come after what %s holds already', (uri, expected) => {
    expect(withParameters(uri, { code: 'c', state: 's' })).toBe(expected);
  });

  it('are left out when they are empty', () => {
    expect(withParameters('/cb', { code: 'c', state: '', other: undefined })).toBe('/cb?code=c');
  });
});

it.each([
  ['/user/ada/oauth_callback', []],
  ['https://x.example:8443/cb?a=b', ['https://x.example:8443']],
  ['com.example.app:/cb', ['com.example.app:']],
])('a form may end at %s', (uri, targets) => {
  expect(formTargets(uri)).toEqual(targets);
});

it('makes paths absolute and leaves the rest', () => {
  expect(absoluteUri('/cb')).toBe('https://hub.invalid/cb');
  expect(absoluteUri('https://x.example/cb')).toBe('https://x.example/cb');
});
