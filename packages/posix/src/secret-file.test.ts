import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isSecretError } from './secret-error.ts';
import { readSecretFile } from './secret-file.ts';

const isRoot = process.getuid?.() === 0;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-secret-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string, text = 'abc\n', mode = 0o600): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};
const read = (path: string) => readSecretFile(path, 'The secret');
function refusal(path: string): { message: string; hint: string } {
  try {
    read(path);
  } catch (error) {
    if (isSecretError(error)) return { message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error('not refused');
}
/** Does in a shell what a refusal says. */
const obey = (hint: string) => execFileSync('sh', ['-c', hint.replaceAll('sudo ', '')]);

describe('a file with a secret', () => {
  it('is read without the blanks around it; a missing one is none', () => {
    expect(read(at('good', '  abc \n'))).toBe('abc');
    expect(read(at('read-only', 'abc', 0o400))).toBe('abc');
    expect(read(join(folder, 'missing'))).toBeNull();
  });

  it.each(['640', '604', '620', '601', '666'])(
    'of mode %s is refused with the command that puts it right (W109)',
    (mode) => {
      const path = at("it's a $HOME `file`", 'abc', Number.parseInt(mode, 8));
      const { message, hint } = refusal(path);
      expect(message).toBe(`The secret in ${path} can be read or changed by others.`);
      expect(hint).toContain('chmod 600 ');
      obey(hint);
      expect(read(path)).toBe('abc');
      expect(statSync(path).mode & 0o777).toBe(0o600);
    },
  );

  it('that is a link is refused; the command puts the secret in its place', () => {
    const path = join(folder, 'link');
    symlinkSync(at('target'), path);
    expect(refusal(path).message).toContain('is a symbolic link');
    obey(refusal(path).hint);
    expect(read(path)).toBe('abc');
    const dangling = join(folder, 'dangling');
    symlinkSync(join(folder, 'nowhere'), dangling);
    obey(refusal(dangling).hint);
    expect(read(dangling)).toBeNull();
  });

  it('that is a folder or a pipe is refused, without a wait', () => {
    const path = join(folder, 'folder');
    mkdirSync(path);
    expect(refusal(path).message).toContain('is a folder');
    obey(refusal(path).hint);
    expect(read(path)).toBeNull();
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(refusal(pipe).message).toContain('is no plain file');
    obey(refusal(pipe).hint);
    expect(read(pipe)).toBeNull();
  });

  it('that is empty is refused; the command fills it and keeps its mode', () => {
    const path = at('empty', ' \n');
    expect(refusal(path).message).toContain('is empty');
    obey(refusal(path).hint);
    expect(read(path)).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('that is far too large is refused', () => {
    expect(refusal(at('large', 'x'.repeat(100_000))).message).toContain('larger than any secret');
  });

  it.skipIf(!isRoot)('of another account is refused (needs root, to give a file away)', () => {
    const path = at('foreign');
    chownSync(path, 65_534, 65_534);
    const { message, hint } = refusal(path);
    expect(message).toContain('belongs to another account');
    expect(hint).toContain('sudo chown root ');
    obey(hint);
    expect(read(path)).toBe('abc');
  });
});
