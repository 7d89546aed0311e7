import { TypedEmitter } from 'tiny-typed-emitter';
import { type Logger, token } from '../plugin/index.ts';

/** A server as events name it. */
export interface ServerRef {
  readonly user: string;
  readonly server: string;
}

/**
 * Facts, told after commit on the hub that made the change. A listener's failure is logged with the event's
 * name and touches nothing else.
 */
export interface HubEvents {
  userCreated: (event: { readonly user: string }) => void;
  userRenamed: (event: { readonly user: string; readonly from: string }) => void;
  userDeleted: (event: { readonly user: string }) => void;
  signedIn: (event: {
    readonly user: string;
    readonly authenticator: string;
    readonly seconds: number;
  }) => void;
  signInRefused: (event: { readonly reason: string; readonly seconds: number }) => void;
  /** A try in a time of waiting (W26): not made, and not counted as a failure. */
  signInThrottled: (event: { readonly by: 'account' | 'address' | 'place' }) => void;
  /**
   * An authenticator told something new of a user without a sign-in; `authState`: its tokens may be others now (P814).
   */
  authRefreshed: (event: {
    readonly user: string;
    readonly authenticator: string;
    readonly subject: string;
    readonly authState: boolean;
  }) => void;
  signedOut: (event: { readonly user: string; readonly seconds: number }) => void;
  tokenCreated: (event: { readonly owner: string; readonly id: string }) => void;
  tokenRevoked: (event: { readonly owner: string; readonly id: string }) => void;
  serverQueued: (event: ServerRef) => void;
  serverStarting: (event: ServerRef & { readonly attempt: number }) => void;
  serverReady: (event: ServerRef & { readonly attempt: number; readonly seconds: number }) => void;
  /** Once for each attempt that did not get ready: failed, cancelled, or given up with the hub that made it. */
  serverFailed: (
    event: ServerRef & {
      readonly attempt: number;
      readonly cause: string;
      readonly expected: boolean;
      readonly seconds: number;
    },
  ) => void;
  /** So many starts in a row failed by a fault that the hub gives up (P246): it stops next, and servers go on. */
  startsKeepFailing: (event: { readonly failures: number }) => void;
  /** A start that was not even begun, so there is no attempt. */
  startRefused: (
    event: ServerRef & { readonly reason: 'throttled' | 'too-many-users' | 'already-pending' },
  ) => void;
  serverStopping: (event: ServerRef) => void;
  serverStopped: (event: ServerRef & { readonly seconds: number; readonly ok: boolean }) => void;
  serverPolled: (event: { readonly running: boolean; readonly seconds: number }) => void;
  routeAdded: (event: { readonly spec: string; readonly ok: boolean; readonly seconds: number }) => void;
  routeDeleted: (event: { readonly spec: string; readonly ok: boolean; readonly seconds: number }) => void;
  routesChecked: (event: { readonly seconds: number }) => void;
  /** A plugin ignored its deadline; the hub answered without it. */
  pluginOverdue: (event: { readonly plugin: string; readonly call: string }) => void;
}

type Name = keyof HubEvents;

/** The emitter of one hub. */
export class DomainEvents extends TypedEmitter<HubEvents> {
  readonly #log: Logger;

  constructor(log: Logger) {
    super();
    this.setMaxListeners(0);
    this.#log = log;
  }

  /** Tells every listener; none can break another or the teller. */
  override emit<E extends Name>(event: E, ...args: Parameters<HubEvents[E]>): boolean {
    const listeners = this.rawListeners(event);
    for (const listener of listeners) {
      try {
        // tiny-typed-emitter loses the listener's parameters on rawListeners; they are those of `event`.
        const result: unknown = (listener as (...a: Parameters<HubEvents[E]>) => unknown).apply(this, args);
        if (result instanceof Promise) result.catch((error: unknown) => this.#failed(event, error));
      } catch (error) {
        this.#failed(event, error);
      }
    }
    return listeners.length > 0;
  }

  #failed(event: string, error: unknown): void {
    this.#log.error({ event, err: error }, 'event listener failed');
  }
}
export const Events = token<DomainEvents>('Events');
