/** Values under a key, each good for one version only; what was not asked for longest goes first. */
export class VersionedCache<T> {
  readonly #size: number;
  readonly #entries = new Map<string, { readonly version: string; readonly value: T }>();

  constructor(size: number) {
    this.#size = size;
  }

  get(key: string, version: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry?.version !== version) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, version: string, value: T): void {
    this.#entries.delete(key);
    this.#entries.set(key, { version, value });
    if (this.#entries.size <= this.#size) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
