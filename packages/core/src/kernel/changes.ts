import { token } from '../plugin/index.ts';

/** What hubs tell each other about: a name and an id, never data. */
export type Channel = 'server' | 'progress' | 'queue' | 'routes' | 'account';

/** Hears of news; `isOwn`: this very hub told them. */
export type Listener = (id: string, isOwn: boolean) => void;

/**
 * News between hubs over one database. It makes things quick, never right: a message may be lost, so whoever
 * waits for one also looks by itself every second.
 */
export interface Changes {
  /**
   * Tells every hub, this one included, after the surrounding transaction commits. Does not wait for that; news of the
   * same moment travel together, and the same news once.
   */
  publish(channel: Channel, id: string): void;
  /** Calls `listener` for each message; returns the way to end it. A lost connection calls `onGap`. */
  subscribe(channel: Channel, listener: Listener, onGap?: () => void): () => void;
}
export const Changes = token<Changes>('Changes');
