import { describe, expect, it } from 'vitest';
import { acceptsEnvelope, envelope, pageBody, readPage } from './pagination.ts';

const limits = { default: 50, max: 200 };
const wanted = 'application/jupyterhub-pagination+json';
const url = (query: string) => new URL(`https://pub.example/hub/api/users${query}`);

describe('R32: offset and limit', () => {
  it.each([
    [{}, 0, 200],
    [{ offset: '3', limit: '7' }, 3, 7],
    [{ offset: '-2', limit: '-2' }, 2, 2],
    [{ limit: '0' }, 0, 1],
    [{ limit: '1000' }, 0, 200],
    [{ offset: ' +4 ' }, 4, 200],
    [{ offset: '99999999999999999999999' }, Number.MAX_SAFE_INTEGER, 200],
  ])('%j is offset %i, limit %i', (query, offset, limit) => {
    expect(readPage(query, undefined, limits)).toEqual({ offset, limit, enveloped: false });
  });

  it.each([{ offset: 'x' }, { limit: '1.5' }, { limit: '' }, { offset: '0x10' }, { offset: '1e3' }])(
    '%j is refused with 400',
    (query) => {
      const message = 'Invalid argument type, offset and limit must be integers';
      expect(() => readPage(query, undefined, limits)).toThrow(
        expect.objectContaining({ status: 400, message }),
      );
    },
  );
});

describe('R33, R34: the two styles', () => {
  it.each([
    [wanted, true],
    [`text/html, ${wanted.toUpperCase()} , */*`, true],
    [`${wanted};q=0.9`, false],
    ['application/json', false],
    [undefined, false],
  ])('Accept: %s asks for the envelope: %s', (accept, expected) => {
    expect(acceptsEnvelope(accept)).toBe(expected);
  });

  it('the default limit is that of the style', () => {
    expect(readPage({}, wanted, limits).limit).toBe(50);
    expect(readPage({}, undefined, limits).limit).toBe(200);
  });

  it('the body is the envelope or the bare list', () => {
    const page = { offset: 0, limit: 2, enveloped: true };
    expect(pageBody(['a'], 1, page, url(''))).toEqual({
      items: ['a'],
      _pagination: { offset: 0, limit: 2, total: 1, next: null },
    });
    expect(pageBody(['a'], 1, { ...page, enveloped: false }, url(''))).toEqual(['a']);
  });
});

describe('R35: the next page', () => {
  const page = { offset: 2, limit: 2, enveloped: true };

  it('is there while entries remain', () => {
    expect(envelope([], 5, page, url(''))._pagination.next).toMatchObject({ offset: 4, limit: 2 });
    expect(envelope([], 4, page, url(''))._pagination.next).toBeNull();
    expect(envelope([], 0, page, url(''))._pagination.next).toBeNull();
  });

  it('is the absolute URL of the request with offset and limit replaced and the rest kept', () => {
    const next = envelope([], 9, page, url('?state=ready&offset=2&limit=2&state=x'))._pagination.next;
    expect(next?.url).toBe('https://pub.example/hub/api/users?state=ready&offset=4&limit=2&state=x');
  });

  it('R36: items may be an object', () => {
    expect(envelope({ '/': 1 }, 1, page, url('')).items).toEqual({ '/': 1 });
  });
});
