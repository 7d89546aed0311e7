import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { joseSealer, readCryptKeys } from './sealer.ts';

const one = randomBytes(32);
const two = randomBytes(32);
const state = { token: 'of the provider', list: [1, 'two', null] };

describe('encryption at rest', () => {
  it('opens what it sealed, and shows nothing of it', async () => {
    const sealed = await joseSealer([one]).seal(state);
    expect(sealed).not.toContain('provider');
    expect(await joseSealer([one]).open(sealed)).toEqual({ value: state, stale: false });
  });

  it('seals with the first key and opens with any: keys rotate (P131, P132)', async () => {
    const sealed = await joseSealer([one]).seal(state);
    expect(await joseSealer([two, one]).open(sealed)).toEqual({ value: state, stale: true });
    expect(await joseSealer([two]).open(sealed)).toBeNull();
  });

  it('answers null for what is damaged or foreign, never an error (P132)', async () => {
    const sealed = await joseSealer([one]).seal(state);
    const damaged = `${sealed.slice(0, -6)}AAAAAA`;
    for (const text of [damaged, '', 'gAAAA', '{}']) expect(await joseSealer([one]).open(text)).toBeNull();
  });

  it('keeps nothing without a key (R65)', async () => {
    expect(joseSealer([]).available).toBe(false);
    await expect(joseSealer([]).seal(state)).rejects.toMatchObject({ code: 'HUB_INTERNAL' });
  });

  it('reads keys in the three ways they are written (P131), and tells a wrong one by its place alone', () => {
    const texts = [one.toString('hex'), `${one.toString('base64url')}=`, 'k'.repeat(32)];
    expect(readCryptKeys(texts, 'JUPYTERHUB_CRYPT_KEY').map((key) => key.length)).toEqual([32, 32, 32]);
    expect(() => readCryptKeys([texts[0] ?? '', 'secret too short'], 'JUPYTERHUB_CRYPT_KEY')).toThrow(
      'Key 2 in JUPYTERHUB_CRYPT_KEY is no key of 32 bytes.',
    );
  });
});
