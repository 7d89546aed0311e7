import { everything, type Filter, filterKinds, nothing, type SomeFilter, setOfKind } from './filter.ts';
import { type FilterKind, formatScope, parseScope } from './scope-text.ts';

type HeldFilter = Exclude<Filter, { kind: 'none' }>;

/**
 * The permissions somebody holds, expanded and reduced (R124, R135): for each scope what it reaches. Immutable;
 * every question about one scope is a look-up. Made by `expandScopes`, or from its own list of strings.
 */
export class ScopeSet {
  /** Holds nothing. */
  static readonly empty: ScopeSet = new ScopeSet(new Map());

  readonly #held: ReadonlyMap<string, HeldFilter>;
  /** Made when first asked for: the same set answers many requests. */
  #strings: readonly string[] | null = null;

  private constructor(held: ReadonlyMap<string, HeldFilter>) {
    this.#held = held;
  }

  /**
   * The set that these expanded scopes spell, as {@link toStrings} writes them.
   * @throws RangeError for a malformed scope or an unresolved shorthand such as `servers!user`.
   */
  static from(expanded: Iterable<string>): ScopeSet {
    return ScopeSet.build((add) => {
      for (const text of expanded) {
        const parsed = parseScope(text);
        if (!parsed.ok) throw new RangeError(parsed.problem);
        const { base, filter } = parsed.scope;
        if (filter.type === 'shorthand') throw new RangeError(`Scope '${text}' is not expanded`);
        if (filter.type === 'all') add(base);
        else add(base, filter.kind, filter.name);
      }
    });
  }

  /** Collects scopes; an unfiltered one absorbs all filtered ones of its name (R135). */
  static build(fill: (add: AddScope) => void): ScopeSet {
    const held = new Map<string, HeldFilter>();
    const growing = new Map<string, GrowingFilter>();
    fill((base, kind, name) => {
      if (kind === undefined || name === undefined) {
        held.set(base, everything);
        return;
      }
      if (held.get(base) === everything) return;
      let filter = growing.get(base);
      if (filter === undefined) {
        filter = {
          kind: 'some',
          users: new Set(),
          groups: new Set(),
          servers: new Set(),
          services: new Set(),
        };
        growing.set(base, filter);
        held.set(base, filter);
      }
      filter[setOfKind[kind]].add(name);
    });
    return held.size === 0 ? ScopeSet.empty : new ScopeSet(held);
  }

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  /** Is the scope held at all, for whatever it reaches? Decides between 403 and 404 (R128). */
  holds(base: string): boolean {
    return this.#held.has(base);
  }

  /** What the scope reaches; `none` when it is not held. */
  filter(base: string): Filter {
    return this.#held.get(base) ?? nothing;
  }

  /** Names of the scopes held. */
  bases(): Iterable<string> {
    return this.#held.keys();
  }

  /** Everything either of the two holds. */
  union(other: ScopeSet): ScopeSet {
    if (other.isEmpty || other === this) return this;
    if (this.isEmpty) return other;
    return ScopeSet.build((add) => {
      this.#addTo(add);
      other.#addTo(add);
    });
  }

  /** What is spelled here and not covered by the same spelling, or the unfiltered one, in the other. */
  without(other: ScopeSet): ScopeSet {
    return ScopeSet.build((add) => {
      this.#addTo((base, kind, name) => {
        const filter = other.filter(base);
        if (filter.kind === 'all') return;
        const covered =
          kind !== undefined &&
          name !== undefined &&
          filter.kind === 'some' &&
          filter[setOfKind[kind]].has(name);
        if (!covered) add(base, kind, name);
      });
    });
  }

  /** The wire spelling: sorted, one string for each scope and name (R46, R47). */
  toStrings(): readonly string[] {
    this.#strings ??= Object.freeze(this.#spelled());
    return this.#strings;
  }

  #spelled(): string[] {
    const texts: string[] = [];
    this.#addTo((base, kind, name) => {
      texts.push(
        kind === undefined || name === undefined
          ? base
          : formatScope({ base, filter: { type: 'named', kind, name } }),
      );
    });
    return texts.sort();
  }

  equals(other: ScopeSet): boolean {
    return this.without(other).isEmpty && other.without(this).isEmpty;
  }

  #addTo(add: AddScope): void {
    for (const [base, filter] of this.#held) {
      if (filter.kind === 'all') add(base);
      else addFilter(add, base, filter);
    }
  }
}

/** Adds a scope to a set that is being built: unfiltered, or with one name. */
export type AddScope = (base: string, kind?: FilterKind, name?: string) => void;

type GrowingFilter = { kind: 'some' } & Record<(typeof setOfKind)[FilterKind], Set<string>>;

/** Adds a scope once for each name its filter holds. */
export function addFilter(add: AddScope, base: string, filter: SomeFilter): void {
  for (const kind of filterKinds) {
    for (const name of filter[setOfKind[kind]]) add(base, kind, name);
  }
}
