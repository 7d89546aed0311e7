import type { Container } from 'inversify';
import { HubError, type Instant, type ProxyTls, type TlsEnd } from '../plugin/index.ts';
import { authorityEnd, issuing } from '../tls/index.ts';
import type { CryptKeys } from './crypt-keys.ts';
import { services } from './tokens.ts';

/** Authorities made at one time. */
export interface AuthoritiesFacts {
  readonly number: number;
  readonly created: Instant;
  /** From when on certificates are issued by them. */
  readonly issuesFrom: Instant;
  readonly ends: Instant;
  /** Do they issue now? */
  readonly issues: boolean;
}

/** What a command may do about internal TLS, with a hub that runs or without one. */
export interface TlsData {
  /** Oldest first; none before the first start. */
  authorities(): Promise<readonly AuthoritiesFacts[]>;
  /** What a service is to show hub and proxy, and whom it shall believe. */
  forService(name: string): Promise<TlsEnd>;
  /** The same for a proxy that somebody else runs. */
  forProxy(): Promise<ProxyTls>;
  /** New authorities, believed by hubs within ten minutes; they issue ten minutes later, or `atOnce`. */
  renew(how: { readonly atOnce: boolean }): Promise<void>;
  /** Believes only those that issue now. Answers how many generations were forgotten. */
  forgetOld(): Promise<number>;
  /** Deletes all, also those that no encryption key opens. Answers how many generations. */
  discard(): Promise<number>;
}

/** @throws HubError from each of its functions where internal TLS is off. */
export function tlsData(container: Container, cryptKeys: CryptKeys): TlsData {
  const settings = container.get(services.settings);
  const store = container.get(services.authorities);

  /** With authorities that are read, or made as by a start. */
  async function opened() {
    const tls = container.get(services.hubTls);
    if (!tls) {
      throw new HubError('HUB_CONFLICT', 'This hub has no internal TLS: `internalTls.enabled` is false.');
    }
    if (cryptKeys.toBeMade) {
      throw new HubError('HUB_CONFLICT', 'This hub has no encryption key yet: it makes one when it starts.', {
        hint: 'Start it once, then repeat this.',
      });
    }
    await store.open();
    return tls;
  }

  return {
    async authorities() {
      if (!settings.internalTls.enabled || cryptKeys.toBeMade) return [];
      await store.read();
      const current = issuing(store.generations, new Date());
      return store.generations.map((one) => ({
        number: one.number,
        created: one.created,
        issuesFrom: one.issuesFrom,
        ends: authorityEnd(one).toISOString(),
        issues: one === current,
      }));
    },
    forService: async (name) => (await opened()).forService(name),
    forProxy: async () => (await opened()).forProxy(),
    async renew(how) {
      await opened();
      await store.renew(how);
    },
    async forgetOld() {
      await opened();
      return store.forgetOld();
    },
    discard: () => store.discard(),
  };
}
