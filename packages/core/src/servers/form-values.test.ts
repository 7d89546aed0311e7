import { describe, expect, it } from 'vitest';
import { type FormSchema, fileOf, type JsonValue } from '../plugin/index.ts';
import { formProblems } from './form-problems.ts';
import { checkForm, typedValues } from './form-values.ts';

const schema: FormSchema = {
  type: 'object',
  properties: {
    cores: { type: 'integer', minimum: 1, maximum: 8, default: 2 },
    share: { type: 'number', multipleOf: 0.5 },
    image: {
      oneOf: [
        { const: 'python', title: 'Python 3.13' },
        { const: 7, title: 'Seven' },
      ],
    },
    repo: { type: 'string', format: 'uri', maxLength: 40 },
    debug: { type: 'boolean', default: false },
  },
  required: ['image'],
};
const check = (given: Parameters<typeof typedValues>[1]) => checkForm(schema, typedValues(schema, given));

describe('values of a form', () => {
  it('get the types of their schema, from lists of texts and from JSON alike (W29, W30)', () => {
    const { values, mistakes } = check({
      cores: ['1', '4'],
      share: '1.5',
      image: ['7'],
      debug: ['false', 'on'],
      repo: ['https://a.example/x'],
    });
    expect(mistakes).toEqual([]);
    expect(values).toEqual({ cores: 4, share: 1.5, image: 7, debug: true, repo: 'https://a.example/x' });
    expect(check({ cores: 4, share: 1.5, image: 7, debug: true }).values).toEqual({
      cores: 4,
      share: 1.5,
      image: 7,
      debug: true,
    });
  });

  it('that are left empty take their default, or are missing', () => {
    expect(check({ cores: [''], image: ['python'], repo: [' '], debug: ['false'] })).toEqual({
      values: { cores: 2, image: 'python', debug: false },
      mistakes: [],
    });
    expect(check({ image: [''] }).mistakes).toMatchObject([{ field: 'image', rule: 'required' }]);
    expect(check({ image: [] }).mistakes).toMatchObject([{ field: 'image', rule: 'required' }]);
  });

  it.each([
    [{ cores: ['9'] }, { field: 'cores', rule: 'maximum', limit: '8', message: 'must be 8 or less' }],
    [{ cores: ['0'] }, { field: 'cores', rule: 'minimum', limit: '1' }],
    [{ cores: ['2.5'] }, { field: 'cores', rule: 'type', message: 'must be a whole number' }],
    [{ cores: ['many'] }, { field: 'cores', rule: 'type' }],
    [{ cores: true }, { field: 'cores', rule: 'type' }],
    [{ cores: ['1e400'] }, { field: 'cores', rule: 'type' }],
    [{ share: ['0.7'] }, { field: 'share', rule: 'multipleOf', limit: '0.5' }],
    [{ image: ['perl'] }, { field: 'image', rule: 'enum', limit: 'python, 7' }],
    [{ image: '__proto__' }, { field: 'image', rule: 'enum' }],
    [{ repo: ['not an address'] }, { field: 'repo', rule: 'format', limit: 'uri' }],
    [{ repo: [`https://${'a'.repeat(40)}`] }, { field: 'repo', rule: 'maxLength', limit: '40' }],
    [{ repo: { deep: 1 } }, { field: 'repo', rule: 'type' }],
    [{ debug: ['maybe'] }, { field: 'debug', rule: 'type' }],
    [{ colour: 'red' }, { field: 'colour', rule: 'additionalProperties', message: 'is not known here' }],
    [{ constructor: 'x' }, { field: 'constructor', rule: 'additionalProperties' }],
  ])('%j are told in words', (given, mistake) => {
    expect(check({ image: 'python', ...given }).mistakes).toMatchObject([mistake]);
  });

  it('leave what was given as it is, and tell each field once', () => {
    const given = { cores: '99', repo: `${'x'.repeat(50)}` };
    expect(
      check(given)
        .mistakes.map(({ field }) => field)
        .toSorted(),
    ).toEqual(['cores', 'image', 'repo']);
    expect(given).toEqual({ cores: '99', repo: 'x'.repeat(50) });
  });
});

describe('a file', () => {
  const files: FormSchema = {
    type: 'object',
    properties: { data: { type: 'file', maxBytes: 3 } },
  };
  const checkFile = (data: JsonValue) => checkForm(files, typedValues(files, { data }));
  const body = { __jupyterhub_bytes__: true, data: 'AEE=' };

  it('comes over the API as base64, and is stored as bytes (P233)', () => {
    const { values, mistakes } = checkFile({ filename: '../a/b.bin', content_type: 'x/y', data: 'AEE=' });
    expect(mistakes).toEqual([]);
    expect(values).toEqual({ data: { filename: 'b.bin', content_type: 'x/y', body } });
    expect(checkFile({ data: 'AEE=' }).values).toEqual({
      data: { filename: 'file', content_type: 'application/octet-stream', body },
    });
    // What is stored is right at the next start.
    expect(checkForm(files, typedValues(files, values))).toEqual({ values, mistakes: [] });
    expect(fileOf(values.data)?.body).toEqual(Buffer.of(0, 65));
  });

  it.each([
    [{ data: 'AEE' }, { rule: 'type', limit: 'file', message: 'must be a file' }],
    [{ data: 'not base64' }, { rule: 'type' }],
    [{ filename: 7, data: '' }, { rule: 'type' }],
    [{ data: 'AEE=', more: 1 }, { rule: 'type' }],
    ['text', { rule: 'type' }],
    [[{ data: 'AEE=' }], { rule: 'type' }],
    [{ data: 'AAAAAA==' }, { rule: 'maxBytes', limit: '3 bytes', message: 'must have at most 3 bytes' }],
  ])('%j is told in words', (given, mistake) => {
    expect(checkFile(given).mistakes).toMatchObject([{ field: 'data', ...mistake }]);
  });

  it('may have 1 MB where its field says nothing', () => {
    const usual: FormSchema = { type: 'object', properties: { data: { type: 'file' } } };
    const of = (bytes: number) =>
      checkForm(usual, typedValues(usual, { data: { data: Buffer.alloc(bytes).toString('base64') } }));
    expect(of(1_048_576).mistakes).toEqual([]);
    expect(of(1_048_577).mistakes).toMatchObject([{ rule: 'maxBytes', limit: '1 MB' }]);
  });
});

describe('a form', () => {
  it('that can be drawn has no problems', () => {
    expect(formProblems(schema, 'profiles[0].form')).toEqual([]);
  });

  it.each([
    ['<input>', 'must be a JSON Schema'],
    [{ type: 'object' }, 'must be a JSON Schema'],
    [{ type: 'object', properties: { 'a b': { type: 'string' } } }, 'letters, digits'],
    [{ type: 'object', properties: { 'a--b': { type: 'string' } } }, 'single "-"'],
    [{ type: 'object', properties: { profile: { type: 'string' } } }, 'is taken'],
    [{ type: 'object', properties: { a: { type: 'array' } } }, 'type must be one of'],
    [{ type: 'object', properties: { a: {} } }, 'type must be one of'],
    [{ type: 'object', properties: { a: { enum: [] } } }, 'nothing to choose from'],
    [{ type: 'object', properties: { a: { type: 'string' } }, required: ['b'] }, '"b" is required'],
    [{ type: 'object', properties: { a: { type: 'integer', default: 'x' } } }, 'the default of a'],
    [{ type: 'object', properties: { a: { type: 'integer', minimun: 1 } } }, 'minimun'],
    [{ type: 'object', properties: { a: { type: 'string', pattern: '(' } } }, 'regular expression'],
    [{ type: 'object', properties: { a: { type: 'file', minLength: 3 } } }, 'a file has type, title'],
    [
      { type: 'object', properties: { a: { type: 'string', maxBytes: 3 } } },
      'is for fields of the type "file"',
    ],
    [{ type: 'object', properties: { a: { type: 'file', maxBytes: '1 MB' } } }, 'maxBytes'],
  ])('%j is refused', (form, sentence) => {
    const problems = formProblems(form, 'profiles[0].form');
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('profiles[0].form');
    expect(problems[0]).toContain(sentence);
  });
});
