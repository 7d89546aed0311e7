import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CookieSecretSources, findCookieSecret } from './cookie-secret.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-cookie-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const hex = (bytes = 32) => randomBytes(bytes).toString('hex');
const find = (sources: Partial<CookieSecretSources> = {}) =>
  findCookieSecret({
    value: '',
    environment: {},
    file: '',
    usualFile: join(folder, 'cookie-secret'),
    mayGenerate: true,
    ...sources,
  });

describe('the cookie secret (W109)', () => {
  it('is made once, as 0600, whole, with nothing left beside it; hubs that start at once agree', async () => {
    const found = await Promise.all(Array.from({ length: 8 }, () => find()));
    const [first] = found;
    expect(found.every(({ bytes }) => first?.bytes.equals(bytes))).toBe(true);
    expect(first?.bytes.length).toBe(32);
    expect(readdirSync(folder)).toEqual(['cookie-secret']);
    expect(statSync(join(folder, 'cookie-secret')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, 'cookie-secret'), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
    expect((await find()).bytes).toEqual(first?.bytes);
  });

  it('is not made where hubs share a database, nor in a folder that is not there', async () => {
    await expect(find({ mayGenerate: false })).rejects.toMatchObject({
      code: 'HUB_START_FAILED',
      hint: expect.stringContaining('`cookies.secretFile`'),
    });
    expect(readdirSync(folder)).toEqual([]);
    await expect(find({ usualFile: join(folder, 'nowhere/secret') })).rejects.toMatchObject({
      hint: expect.stringContaining('`dataFolder`'),
    });
  });

  it('comes from the setting, JPY_COOKIE_SECRET, the named file, the usual file, in this order', async () => {
    const [value, variable, named] = [hex(), hex(), hex()];
    const file = join(folder, 'named');
    writeFileSync(file, named, { mode: 0o600 });
    const usual = await find();
    const environment = { JPY_COOKIE_SECRET: variable };
    const text = async (sources: Partial<CookieSecretSources>) => (await find(sources)).bytes.toString('hex');
    expect(await text({ value, environment, file })).toBe(value);
    expect(await text({ environment, file })).toBe(variable);
    expect(await text({ file })).toBe(named);
    expect(await text({})).toBe(usual.bytes.toString('hex'));
    expect((await find({ value, environment })).warnings).toEqual([
      'The cookie secret: `cookies.secret` counts; JPY_COOKIE_SECRET says something else and is ignored.',
    ]);
  });

  it('that is not hex is refused by the place it stands in, and not repeated', async () => {
    const file = join(folder, 'named');
    writeFileSync(file, 'correct horse battery staple', { mode: 0o600 });
    await expect(find({ file })).rejects.toMatchObject({
      message: `The cookie secret in ${file} is not hex of at least 16 bytes.`,
      hint: `openssl rand -hex 32 > '${file}'`,
    });
    await expect(find({ value: hex(15) })).rejects.toThrow('in `cookies.secret` is not hex');
    await expect(find({ environment: { JPY_COOKIE_SECRET: 'xyz' } })).rejects.toThrow('in JPY_COOKIE_SECRET');
  });

  it('of more than 32 bytes is taken, with a warning', async () => {
    expect((await find({ value: hex(33) })).warnings).toEqual([
      'The cookie secret in `cookies.secret` is longer than 32 bytes.',
    ]);
    expect((await find({ value: hex(32) })).warnings).toEqual([]);
  });

  it('that others can read is refused', async () => {
    await find();
    chmodSync(join(folder, 'cookie-secret'), 0o640);
    await expect(find()).rejects.toMatchObject({ hint: `chmod 600 '${join(folder, 'cookie-secret')}'` });
  });
});
