import { token } from '../plugin/index.ts';

/** This run of this hub, as other hubs know it. */
export interface HubRun {
  /** New at every start. */
  readonly id: string;
  /** Unique among live hubs. */
  readonly host: string;
  /** Boot id and pid namespace: a process recorded under this host but another place is dead. */
  readonly place: string;
}
export const HubRun = token<HubRun>('HubRun');

/**
 * The right to act. A hub renews one row every second for five; while its last confirmed renewal is older than
 * 3.5 s it begins no side effect.
 */
export interface Leases {
  /** May this hub begin a side effect now? */
  readonly fresh: boolean;
  /** Resolves when the lease is fresh; rejects when `signal` is aborted first. */
  whenFresh(signal: AbortSignal): Promise<void>;
  /** Is this hub the one that does `duty`, such as `routes` or `purge`? Answered from memory. */
  holds(duty: string): boolean;
  /** Takes part in holding `duty`: from now on this hub takes it whenever it is free. */
  seek(duty: string): void;
  /** Calls `listener` when this hub gets or loses a duty. */
  onDutyChange(listener: (duty: string, held: boolean) => void): () => void;
}
export const Leases = token<Leases>('Leases');
