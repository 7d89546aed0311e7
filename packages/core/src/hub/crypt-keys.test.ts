import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findCryptKeys, makeCryptKeys } from './crypt-keys.ts';
import type { Places } from './data-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const hex = () => randomBytes(32).toString('hex');
const shared = (): Places => ({ dataFolder: folder, database: { kind: 'url', url: 'postgres://db/hub' } });
const own = (): Places => ({ dataFolder: folder, database: { kind: 'private', folder } });
const none = {
  cryptKeys: [],
  cryptKeysFile: '',
  signIn: { authState: false },
  internalTls: { enabled: false },
};
const texts = (keys: readonly Uint8Array[]) => keys.map((key) => Buffer.from(key).toString('hex'));

describe('encryption keys', () => {
  it('come from the setting, JUPYTERHUB_CRYPT_KEY, a file, in this order, and a conflict is told (W110, P131)', () => {
    const [a, b, c] = [hex(), hex(), hex()];
    const cryptKeysFile = join(folder, 'keys');
    writeFileSync(cryptKeysFile, `${c}\n${a};${b}\n`, { mode: 0o600 });
    const environment = { JUPYTERHUB_CRYPT_KEY: `${b};${a}` };
    const all = findCryptKeys({ ...none, cryptKeys: [a], cryptKeysFile }, shared(), environment);
    expect(texts(all.keys)).toEqual([a]);
    expect(all.warnings).toEqual([
      'The encryption keys: `cryptKeys` counts; JUPYTERHUB_CRYPT_KEY says something else and is ignored.',
      'The encryption keys: `cryptKeys` counts; `cryptKeysFile` is ignored.',
    ]);
    expect(texts(findCryptKeys(none, shared(), environment).keys)).toEqual([b, a]);
    expect(texts(findCryptKeys({ ...none, cryptKeysFile }, shared(), {}).keys)).toEqual([c, a, b]);
    expect(findCryptKeys(none, shared(), {})).toMatchObject({ keys: [], toBeMade: false });
  });

  it('of raw bytes may hold a semicolon where each stands by itself', () => {
    const raw = 'exactly;thirty-two;raw;bytes;key';
    expect(findCryptKeys({ ...none, cryptKeys: [raw] }, shared(), {}).keys).toHaveLength(1);
  });

  it('are refused in a file that others can read', () => {
    const cryptKeysFile = join(folder, 'keys');
    writeFileSync(cryptKeysFile, hex());
    chmodSync(cryptKeysFile, 0o604);
    expect(() => findCryptKeys({ ...none, cryptKeysFile }, shared(), {})).toThrowError(
      expect.objectContaining({ hint: `chmod 600 '${cryptKeysFile}'` }),
    );
  });

  it('must be given to keep auth_state on a shared database, and are made once on a private one', async () => {
    const keeping = { ...none, signIn: { authState: true } };
    expect(() => findCryptKeys(keeping, shared(), {})).toThrowError(
      expect.objectContaining({ hint: expect.stringContaining('JUPYTERHUB_CRYPT_KEY') }),
    );
    expect(findCryptKeys(keeping, own(), {})).toMatchObject({ keys: [], toBeMade: true });
    const made = await makeCryptKeys(own());
    expect(statSync(join(folder, 'crypt-keys')).mode & 0o777).toBe(0o600);
    const again = findCryptKeys(none, own(), {});
    expect(again).toMatchObject({ from: join(folder, 'crypt-keys'), toBeMade: false });
    expect(texts(again.keys)).toEqual(texts(made.keys));
  });
});
