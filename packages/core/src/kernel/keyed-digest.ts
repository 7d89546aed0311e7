import { createHmac } from 'node:crypto';
import { HubError, token } from '../plugin/index.ts';

/**
 * Digests of short texts that somebody may have typed by mistake, such as a password in the place of a name. Without
 * the key nobody finds the text by trying a dictionary. All hubs of a database have the same key.
 */
export interface KeyedDigest {
  /** 64 hex digits; `purpose` keeps digests for different things apart. */
  of(purpose: string, ...parts: readonly string[]): string;
}
export const KeyedDigest = token<KeyedDigest>('KeyedDigest');

/** One whose key comes when the hub starts. */
export class LaterKeyedDigest implements KeyedDigest {
  #key: Uint8Array | null = null;

  useKey(key: Uint8Array): void {
    this.#key = key;
  }

  of(purpose: string, ...parts: readonly string[]): string {
    if (!this.#key) throw new HubError('HUB_INTERNAL', 'The key for digests of names is not known yet.');
    // JSON keeps the parts apart whatever they hold.
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([purpose, ...parts]), 'utf8')
      .digest('hex');
  }
}
