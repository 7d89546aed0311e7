import { createHash } from 'node:crypto';
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose';
import { type Sealer, withoutKeys } from '../kernel/index.ts';
import { HubError, type JsonValue } from '../plugin/index.ts';

/**
 * Reads encryption keys: each 32 raw bytes, 64 hex digits or 44 characters of url-safe base64 (P131).
 *
 * @throws HubError `HUB_START_FAILED` that tells which one is none, never what it says.
 */
export function readCryptKeys(texts: readonly string[], where: string): readonly Uint8Array[] {
  return texts.map((text, index) => {
    const key = keyOf(text);
    if (key) return key;
    throw new HubError('HUB_START_FAILED', `Key ${index + 1} in ${where} is no key of 32 bytes.`, {
      hint: '`openssl rand -hex 32` makes a good one.',
    });
  });
}

/** Encrypts with the first key and opens with any of them (`dir`, A256GCM); without keys nothing is kept. */
export function joseSealer(keys: readonly Uint8Array[]): Sealer {
  const [first] = keys;
  if (!first) return withoutKeys;
  const byId = new Map(keys.map((key) => [keyId(key), key]));
  const current = keyId(first);

  return {
    available: true,
    seal: (value) =>
      new CompactEncrypt(new TextEncoder().encode(JSON.stringify(value)))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: current })
        .encrypt(first),
    async open(sealed) {
      try {
        const { kid = '' } = decodeProtectedHeader(sealed);
        const key = byId.get(kid);
        if (!key) return null;
        const { plaintext } = await compactDecrypt(sealed, key, {
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
        });
        const value: JsonValue = JSON.parse(new TextDecoder().decode(plaintext));
        return { value, stale: kid !== current };
      } catch {
        return null; // damaged: the same as a key that is gone, never a failure (P132)
      }
    },
  };
}

/** A sealer whose keys may come later: a hub makes its first one when it starts. */
export class LaterSealer implements Sealer {
  #sealer: Sealer;

  constructor(keys: readonly Uint8Array[]) {
    this.#sealer = joseSealer(keys);
  }

  get available(): boolean {
    return this.#sealer.available;
  }

  useKeys(keys: readonly Uint8Array[]): void {
    this.#sealer = joseSealer(keys);
  }

  seal(value: JsonValue): Promise<string> {
    return this.#sealer.seal(value);
  }

  open(sealed: string): ReturnType<Sealer['open']> {
    return this.#sealer.open(sealed);
  }
}

/** Names a key without telling it: the first eight hex digits of its SHA-256. */
function keyId(key: Uint8Array): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8);
}

function keyOf(text: string): Uint8Array | null {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[\w-]{43}=$/.test(text)) return Buffer.from(text, 'base64url');
  const raw = Buffer.from(text, 'utf8');
  return raw.length === 32 ? raw : null;
}
