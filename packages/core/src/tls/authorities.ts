import type { Sealer } from '../kernel/index.ts';
import { HubError, type JsonValue, type TlsIdentity } from '../plugin/index.ts';
import { daysLater, endOf, issueLeaf, type LeafRequest } from './certificates.ts';
import {
  type AuthorityKind,
  authorityDays,
  authorityKinds,
  authorityOf,
  chainBehind,
  type Generation,
  issuing,
  makeGeneration,
  type OpenGeneration,
  rootsOf,
} from './generation.ts';
import type { AuthorityStore } from './ports.ts';

/** Hubs read the authorities so often. */
export const readEveryMs = 600_000;
/** A new generation issues when every hub has read of it. */
const headStartMs = 2 * readEveryMs;
/** Made again when the hub authority has less than this part of its days left. */
const renewWhenLeft = 0.3;

/** What authorities are kept and opened with. */
export interface AuthoritiesDeps {
  readonly store: AuthorityStore;
  readonly sealer: Sealer;
  readonly now: () => Date;
}

/** The authorities of all hubs on one database, oldest generation first, with their keys. */
export class Authorities {
  readonly #deps: AuthoritiesDeps;
  #generations: readonly OpenGeneration[] = [];

  constructor(deps: AuthoritiesDeps) {
    this.#deps = deps;
  }

  get generations(): readonly Omit<Generation, 'sealedKeys'>[] {
    return this.#generations;
  }

  /** Reads what there is; makes the first generation where there is none, the next one in good time. */
  async open(): Promise<void> {
    await this.#deps.store.exclusively(async () => {
      await this.read();
      if (this.#generations.length === 0 || this.#endsSoon()) await this.#make(headStartMs);
    });
  }

  /**
   * Reads what there is. Answers whether it is something else than before.
   *
   * @throws HubError when no encryption key opens the private keys.
   */
  async read(): Promise<boolean> {
    const stored = await this.#deps.store.load();
    const before = versionOf(this.#generations);
    this.#generations = await Promise.all(stored.map((one) => this.#opened(one)));
    return versionOf(this.#generations) !== before;
  }

  /** Makes a new generation that issues in twenty minutes, or `atOnce`. Servers and services go on. */
  async renew({ atOnce = false }: { readonly atOnce?: boolean } = {}): Promise<void> {
    await this.#deps.store.exclusively(async () => {
      await this.read();
      await this.#make(atOnce ? 0 : headStartMs);
    });
  }

  /**
   * Forgets all generations but the one that issues: what they issued is believed by nobody any more. Answers with how
   * many.
   */
  async forgetOld(): Promise<number> {
    return this.#deps.store.exclusively(async () => {
      await this.read();
      const current = this.#issuing();
      const old = this.#generations.filter(({ number }) => number < current.number);
      for (const { number } of old) await this.#deps.store.remove(number);
      await this.read();
      return old.length;
    });
  }

  /** Deletes all, also what no key opens. Answers how many generations there were. */
  async discard(): Promise<number> {
    return this.#deps.store.exclusively(async () => {
      const stored = await this.#deps.store.load();
      for (const { number } of stored) await this.#deps.store.remove(number);
      this.#generations = [];
      return stored.length;
    });
  }

  /** Issues a certificate, with what belongs behind it. */
  async issue(kind: AuthorityKind, request: Omit<LeafRequest, 'now'>): Promise<TlsIdentity> {
    const current = this.#issuing();
    const leaf = await issueLeaf(authorityOf(current, kind), { ...request, now: this.#deps.now() });
    const chain = kind === 'hub' ? chainBehind(current, this.#generations) : '';
    return { key: leaf.key, certificate: leaf.certificate + chain };
  }

  /** The roots of these kinds, PEM. */
  roots(...kinds: readonly AuthorityKind[]): string {
    return rootsOf(this.#generations, kinds);
  }

  #issuing(): OpenGeneration {
    const found = issuing(this.#generations, this.#deps.now());
    if (found) return found;
    throw new HubError('HUB_INTERNAL', 'There are no authorities for internal TLS yet.');
  }

  #endsSoon(): boolean {
    const newest = this.#generations.at(-1);
    if (!newest) return true;
    return endOf(newest.certificates.hub) < daysLater(this.#deps.now(), authorityDays * renewWhenLeft);
  }

  async #make(headStart: number): Promise<void> {
    const now = this.#deps.now();
    const newest = this.#generations.at(-1) ?? null;
    const issuesFrom = newest ? new Date(now.getTime() + headStart) : now;
    const { keys, ...made } = await makeGeneration(newest, { now, issuesFrom });
    await this.#deps.store.add({ ...made, sealedKeys: await this.#deps.sealer.seal(keys) });
    await this.read();
  }

  async #opened({ sealedKeys, ...generation }: Generation): Promise<OpenGeneration> {
    const opened = await this.#deps.sealer.open(sealedKeys);
    const keys = opened ? keysOf(opened.value) : null;
    if (keys) return { ...generation, keys };
    throw new HubError(
      'HUB_START_FAILED',
      'No encryption key opens the private keys of internal TLS in the database.',
      {
        hint: 'Give the key they were encrypted with (`cryptKeys`), or, when it is lost, stop all hubs and servers and run `hub tls discard`: new ones are made at the next start.',
      },
    );
  }
}

function keysOf(value: JsonValue): OpenGeneration['keys'] | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const texts = value as Readonly<Record<string, JsonValue>>;
  const { hub, servers, services } = texts;
  if (typeof hub !== 'string' || typeof servers !== 'string' || typeof services !== 'string') return null;
  return { hub, servers, services };
}

function versionOf(generations: readonly OpenGeneration[]): string {
  return generations.flatMap(({ certificates }) => authorityKinds.map((kind) => certificates[kind])).join('');
}
