import type { OptionSchema } from '@hub/core/plugin';
import { describe, expect, it } from 'vitest';
import { hidePassword, masked } from './masked-config.ts';

describe('masked', () => {
  it.each<[string, OptionSchema | undefined, unknown, unknown]>([
    ['a secret', { secret: true }, 'x', '[secret]'],
    ['an absent secret', { secret: true }, '', ''],
    [
      'a secret in a list',
      { items: { properties: { p: { secret: true } } } },
      [{ p: 'x' }],
      [{ p: '[secret]' }],
    ],
    ['one of several shapes', { anyOf: [{ type: 'null' }, { secret: true }] }, 'x', '[secret]'],
    ['secret values of any name', { additionalProperties: { secret: true } }, { a: 'x' }, { a: '[secret]' }],
    [
      'a name that sounds secret',
      undefined,
      { apiToken: 'x', name: 'y' },
      { apiToken: '[secret]', name: 'y' },
    ],
    [
      'a name the schema knows',
      { properties: { tokens: { type: 'string' } } },
      { tokens: 'x' },
      { tokens: 'x' },
    ],
    ['a function', undefined, { f: () => 'x' }, { f: '[function]' }],
    ['an object of a class', undefined, { at: new Map() }, { at: '[Map]' }],
  ])('%s', (_, schema, value, shown) => {
    expect(masked(value, schema)).toEqual(shown);
  });
});

describe('hidePassword', () => {
  it.each([
    ['postgres://hub:a/b#c@d@host/db', 'postgres://hub:[secret]@host/db'],
    ['postgres://host/db?password=x&sslmode=require', 'postgres://host/db?password=[secret]&sslmode=require'],
    ['http://127.0.0.1:8000/pre/', 'http://127.0.0.1:8000/pre/'],
    ['private:/srv/hub', 'private:/srv/hub'],
  ])('%s', (given, shown) => {
    expect(hidePassword(given)).toBe(shown);
  });
});
