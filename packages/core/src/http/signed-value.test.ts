import { describe, expect, it } from 'vitest';
import { createSignedValue, quoteCookieValue, readSignedValue, unquoteCookieValue } from './signed-value.ts';
import vectors from './testdata/signed-values.json' with { type: 'json' };

const seconds = (time: number) => new Date(time * 1000);
const secret = Buffer.from('00112233445566778899aabbccddeeff', 'hex');

describe(`W43: signed values as ${vectors.source} makes them`, () => {
  it.each(vectors.create)('signs $name = $value at $time', ({ secret, name, value, time, signed }) => {
    expect(createSignedValue(Buffer.from(secret, 'hex'), name, value, seconds(time))).toBe(signed);
  });

  it.each(vectors.create)('reads $name = $value back', ({ secret, name, value, time, signed }) => {
    const check = { maxAgeDays: 14, now: seconds(time + 60) };
    expect(readSignedValue(Buffer.from(secret, 'hex'), name, signed, check)).toBe(value);
  });

  it.each(vectors.read)('agrees about: $label', ({ secret, name, signed, maxAgeDays, now, value }) => {
    const check = { maxAgeDays, now: seconds(now) };
    expect(readSignedValue(Buffer.from(secret, 'hex'), name, signed, check)).toBe(value);
  });
});

describe('a signed value', () => {
  it('is refused after any single character was changed', () => {
    const signed = createSignedValue(secret, 'name', 'some value', seconds(1_000));
    for (let at = 0; at < signed.length; at++) {
      const changed = signed.slice(0, at) + (signed[at] === 'a' ? 'b' : 'a') + signed.slice(at + 1);
      expect(readSignedValue(secret, 'name', changed, { maxAgeDays: 31, now: seconds(1_000) })).toBeNull();
    }
  });

  it('goes into a cookie in double quotes and comes out of them', () => {
    expect(quoteCookieValue('2|a=')).toBe('"2|a="');
    expect(unquoteCookieValue('"2|a="')).toBe('2|a=');
    expect(unquoteCookieValue('plain')).toBe('plain');
    expect(unquoteCookieValue('"')).toBe('"');
  });
});
