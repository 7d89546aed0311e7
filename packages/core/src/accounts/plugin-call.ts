import { DeadlineError, type DomainEvents, type UnitOfWork, withDeadline } from '../kernel/index.ts';
import { type Clock, HubError, isHubError } from '../plugin/index.ts';

/** Calls a method of one authenticator; `what` names it in errors. */
export type PluginCall = <T>(what: string, work: () => T | Promise<T>) => Promise<T>;

/**
 * Calls methods of the authenticator `id` under a deadline and outside of any transaction. A HubError it throws is
 * meant for the user and kept (P104); anything else becomes `HUB_PLUGIN_FAILED`, silence `HUB_UNAVAILABLE`.
 */
export function pluginCall(
  id: string,
  deps: {
    readonly clock: Clock;
    readonly events: DomainEvents;
    readonly work: UnitOfWork;
    /** Seconds. */
    readonly pluginTimeout?: number;
  },
  called = `Authenticator ${id}`,
): PluginCall {
  const { clock, events, work, pluginTimeout = 30 } = deps;
  return async (what, run) => {
    if (work.inTransaction)
      throw new HubError('HUB_INTERNAL', `${id}.${what} was called inside a transaction.`);
    const overdue = () => void events.emit('pluginOverdue', { plugin: id, call: what });
    try {
      return await withDeadline(clock, `${what} of ${id}`, pluginTimeout, null, async () => run(), overdue);
    } catch (error) {
      throw isHubError(error) ? error : explained(error, called, what);
    }
  };
}

function explained(cause: unknown, called: string, what: string): HubError {
  return cause instanceof DeadlineError
    ? new HubError('HUB_UNAVAILABLE', `${called} does not answer.`, { cause })
    : new HubError('HUB_PLUGIN_FAILED', `${called} failed in ${what}.`, { cause });
}
