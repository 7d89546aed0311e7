import type { Clock, Logger } from '../plugin/index.ts';
import type { CredentialName, Sessions } from './ports.ts';

const lookEveryMs = 500;

interface Watched {
  readonly credential: CredentialName;
  readonly mayStill: () => Promise<boolean>;
  readonly end: () => void;
  version: string | null;
}

/**
 * Ends event streams whose reader may no longer read them. A request is checked when it comes; a stream is one that
 * lasts. Twice a second the credentials of all open streams are looked up in one statement, whichever hub took them
 * away; a stream whose reader's rights changed is asked the whole question again.
 */
export class StreamWatch {
  readonly #deps: { readonly sessions: Sessions; readonly clock: Clock; readonly log: Logger };
  readonly #streams = new Set<Watched>();
  #stop: (() => void) | null = null;

  constructor(deps: { readonly sessions: Sessions; readonly clock: Clock; readonly log: Logger }) {
    this.#deps = deps;
  }

  /** Watches one stream; returns how to stop that, for when it has ended by itself. */
  add(stream: Omit<Watched, 'version'>): () => void {
    const watched = { ...stream, version: null };
    this.#streams.add(watched);
    this.#stop ??= this.#deps.clock.every(lookEveryMs, () => this.#look());
    return () => this.#forget(watched);
  }

  #forget(stream: Watched): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    this.#stop?.();
    this.#stop = null;
  }

  async #look(): Promise<void> {
    const streams = [...this.#streams];
    try {
      const versions = await this.#deps.sessions.versions(streams.map(({ credential }) => credential));
      await Promise.all(
        streams.map((stream) => this.#judge(stream, versions.get(stream.credential) ?? null)),
      );
    } catch (error) {
      // No database for a moment: the next look tells. A stream without one soon has nothing to say either.
      this.#deps.log.debug({ err: error }, 'readers of event streams could not be looked up');
    }
  }

  async #judge(stream: Watched, version: string | null): Promise<void> {
    if (version === null) return stream.end();
    if (version === stream.version) return;
    if (!(await stream.mayStill())) return stream.end();
    stream.version = version;
  }
}
