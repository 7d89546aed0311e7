import type { Container } from 'inversify';
import { type Rekeyed, rekey, SealedStore } from '../accounts/index.ts';
import { Sealer } from '../kernel/index.ts';
import { HubError } from '../plugin/index.ts';
import type { CryptKeys } from './crypt-keys.ts';
import { fingerprintsOfCryptKeys } from './secret-fingerprint.ts';
import { services } from './tokens.ts';

/**
 * Encrypts all that is kept with the first key (design section 6), so that the others may go.
 *
 * @throws HubError when there is no key, and while a hub lives that encrypts with another one.
 */
export async function rekeyData(
  container: Container,
  cryptKeys: CryptKeys,
  signal: AbortSignal,
): Promise<Rekeyed> {
  const sealer = container.get(Sealer);
  if (!sealer.available) {
    throw new HubError('HUB_CONFLICT', 'There is no encryption key to encrypt with.', {
      hint: 'Set `cryptKeys`, `cryptKeysFile` or JUPYTERHUB_CRYPT_KEY: the new key, then the old ones.',
    });
  }
  const [first] = fingerprintsOfCryptKeys(cryptKeys).fingerprints;
  const live = await container.get(services.postgresLeases).firstKeysOfLiveHubs();
  const other = live.find(({ firstKey }) => firstKey !== first);
  if (other) {
    throw new HubError('HUB_CONFLICT', `The hub "${other.host}" runs and encrypts with another key.`, {
      hint: `Start it again with the keys of ${cryptKeys.from} in the same order, then repeat this.`,
    });
  }
  return rekey(container.get(SealedStore), sealer, signal);
}
