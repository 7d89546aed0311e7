import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { givenSecret } from './given-secret.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-secret-'));
  path = join(folder, 'secret');
  writeFileSync(path, 'from-file\n', { mode: 0o600 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const given = (value: string, variable: string | undefined, file: string) =>
  givenSecret({
    what: 'The secret',
    value: { name: '`secret`', text: value },
    variable: { name: 'SECRET', text: variable },
    file: { name: '`secretFile`', path: file },
  });

describe('of several sources of a secret', () => {
  it('the first counts: value, environment, file (W109); without any there is none', () => {
    expect(given('from-value', undefined, '')).toEqual({
      text: 'from-value',
      from: '`secret`',
      warnings: [],
    });
    expect(given('', 'from-variable', '')).toMatchObject({
      text: 'from-variable',
      from: 'SECRET',
      warnings: [],
    });
    expect(given('', '', path)).toEqual({ text: 'from-file', from: path, warnings: [] });
    expect(given('', undefined, '')).toBeNull();
  });

  it('a different one that does not count is told, without what it says', () => {
    const { text, warnings } = given('from-value', 'from-variable', path) ?? { text: '', warnings: [] };
    expect(text).toBe('from-value');
    expect(warnings).toEqual([
      'The secret: `secret` counts; SECRET says something else and is ignored.',
      'The secret: `secret` counts; `secretFile` is ignored.',
    ]);
    expect(given('', 'from-variable', path)?.warnings).toEqual([
      'The secret: SECRET counts; `secretFile` is ignored.',
    ]);
  });

  it('the same one twice is no conflict', () => {
    expect(given('same', 'same', '')?.warnings).toEqual([]);
  });

  it('a file is read only when it counts', () => {
    chmodSync(path, 0o644);
    expect(given('from-value', undefined, path)?.text).toBe('from-value');
    expect(() => given('', undefined, path)).toThrow('can be read or changed by others');
  });

  it('a named file that is missing is refused with the command that makes it', () => {
    const missing = join(folder, 'missing');
    expect(() => given('', undefined, missing)).toThrowError(
      expect.objectContaining({
        name: 'SecretError',
        message: `The secret: \`secretFile\` names ${missing}, which is not there.`,
        hint: `(umask 077; openssl rand -hex 32 > '${missing}')`,
      }),
    );
  });
});
