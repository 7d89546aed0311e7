import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../plugin/index.ts';
import { isForm, lastValues, parseFormBody, parseJsonBody, refuseReservedKeys } from './body.ts';

const bytes = (text: string) => Buffer.from(text);
const status = (status: number, message?: string) =>
  expect.objectContaining({ status, ...(message && { message }) });
const invalid = status(400, 'Invalid JSON in body of request');

describe('R14: a JSON body', () => {
  it('is nothing when empty', () => {
    expect(parseJsonBody(bytes(''))).toBeUndefined();
  });

  it.each<[string, JsonValue]>([
    ['{"a": [1, "ü", null]}', { a: [1, 'ü', null] }],
    ['"text"', 'text'],
    ['null', null],
    ['{"a": 1, "a": 2}', { a: 2 }],
    ['{"constructor": 1}', { constructor: 1 }],
  ])('%s is read', (text, value) => {
    expect(parseJsonBody(bytes(text))).toEqual(value);
  });

  it.each([' ', '{', '{"a": }', "{'a': 1}", 'undefined', '\ufeff{}', '{}x'])(
    '%j is refused with 400',
    (text) => {
      expect(() => parseJsonBody(bytes(text))).toThrow(invalid);
    },
  );

  it('that is no UTF-8 is read with replacement characters', () => {
    expect(parseJsonBody(Buffer.from([0x22, 0xff, 0x22]))).toBe('\ufffd');
    expect(() => parseJsonBody(Buffer.from([0xff, 0xfe, 0x22]))).toThrow(invalid);
  });

  it('may be nested 100,000 deep without harm', () => {
    const deep = '['.repeat(100_000);
    expect(() => parseJsonBody(bytes(deep))).toThrow(invalid);
    expect(() => parseJsonBody(bytes(deep + ']'.repeat(100_000)))).toThrow(status(400));
  });

  it.each([
    ['NUL', '"a\\u0000b"'],
    ['NUL in a key', '{"a": [{"\\u0000": 1}]}'],
    ['a lone surrogate', '{"a": {"b": ["\\ud800"]}}'],
    ['a lone surrogate in a key', '{"\\udc00": 1}'],
    ['__proto__', '{"__proto__": {"admin": true}}'],
  ])('with %s is refused with 400', (_, text) => {
    expect(() => parseJsonBody(bytes(text))).toThrow(status(400));
  });

  it('with a pair of surrogates is fine', () => {
    expect(parseJsonBody(bytes('"\\ud83d\\ude00"'))).toBe('😀');
  });
});

describe('a nested body', () => {
  const nested = (depth: number) => bytes(`${'{"a":['.repeat(depth / 2)}1${']}'.repeat(depth / 2)}`);

  it('is read as deep as anybody needs', () => {
    expect(() => parseJsonBody(nested(100))).not.toThrow();
  });

  it.each([102, 3_000, 200_000])('is refused with 400 when it is nested %i deep', (depth) => {
    expect(() => parseJsonBody(nested(depth))).toThrow(status(400));
  });
});

describe('R172: keys of the hub', () => {
  it.each<[JsonValue]>([
    [{ __jupyterhub_bytes__: true, data: 'aGk=' }],
    [{ a: [{ b: { __jupyterhub_x: 1 } }] }],
  ])('%j is refused with 400', (value) => {
    expect(() => refuseReservedKeys(value)).toThrow(status(400));
  });

  it.each<[JsonValue]>([
    [{ jupyterhub_: 1 }],
    [{ a: '__jupyterhub_bytes__' }],
    [['__jupyterhub_bytes__']],
    [null],
  ])('%j is fine', (value) => {
    expect(() => refuseReservedKeys(value)).not.toThrow();
  });
});

describe('a form body', () => {
  it('keeps every value, and the last one by name', async () => {
    const form = (await parseFormBody(bytes('scopes=a&scopes=b&x=1+2%20&__proto__=p&empty'), '')).fields;
    expect(form.getAll('scopes')).toEqual(['a', 'b']);
    const values = lastValues(form);
    expect({ ...values }).toMatchObject({ scopes: 'b', x: '1 2 ', empty: '' });
    expect(Object.getPrototypeOf(values)).toBeNull();
  });

  it('with NUL is refused with 400', async () => {
    await expect(parseFormBody(bytes('a=%00'), '')).rejects.toThrow(status(400));
  });

  const multipart = async (fill: (form: FormData) => void) => {
    const form = new FormData();
    fill(form);
    const request = new Response(form);
    return [await request.bytes(), request.headers.get('content-type') ?? ''] as const;
  };

  it('W30: may bring files', async () => {
    const [body, type] = await multipart((form) => {
      form.append('profile', 'big');
      form.append('profile', 'ü');
      form.append('image', new File([Buffer.from([0, 255])], 'a.bin', { type: 'image/x' }));
    });
    const form = await parseFormBody(body, type);
    expect(form.fields.getAll('profile')).toEqual(['big', 'ü']);
    expect(form.files).toEqual([
      { field: 'image', filename: 'a.bin', contentType: 'image/x', body: new Uint8Array([0, 255]) },
    ]);
  });

  it.each(['multipart/form-data', 'multipart/form-data; boundary=other'])(
    '%s without its parts is refused',
    async (type) => {
      const [body] = await multipart((form) => form.append('a', 'b'));
      await expect(parseFormBody(body, type)).rejects.toThrow(status(400));
    },
  );

  it.each([
    ['application/x-www-form-urlencoded', true],
    ['Application/X-WWW-Form-Urlencoded; charset=utf-8', true],
    ['multipart/form-data; boundary=x', true],
    ['application/json', false],
    ['', false],
  ])('is recognised by its type %s: %s', (type, expected) => {
    expect(isForm(type)).toBe(expected);
  });
});
