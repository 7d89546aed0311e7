import { token } from '../plugin/index.ts';

/** What hubs tell each other about: a name and an id, never data. */
export type Channel = 'server' | 'progress' | 'queue' | 'routes' | 'account';

/**
 * News between hubs over one database. It makes things quick, never right: a message may be lost, so whoever
 * waits for one also looks by itself every second.
 */
export interface Changes {
  /** Tells every hub, this one included, after the surrounding transaction commits. */
  publish(channel: Channel, id: string): Promise<void>;
  /** Calls `listener` for each message; returns the way to end it. A lost connection calls `onGap`. */
  subscribe(channel: Channel, listener: (id: string) => void, onGap?: () => void): () => void;
}
export const Changes = token<Changes>('Changes');
