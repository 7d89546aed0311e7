import type { DomainEvents } from '../kernel/index.ts';

/**
 * Counts starts of this hub that fail one after another by a fault (P246): a start that gets ready sets it back, and
 * one that is refused or cancelled counts for nothing, nor does one that was lost with another hub. Tells once when there are `limit` of them. Returns how to end it.
 */
export function countFailures(
  events: DomainEvents,
  limit: number,
  onReached: (failures: number) => void,
): () => void {
  let failures = 0;
  const ready = () => {
    failures = 0;
  };
  const failed = ({ expected, cause }: { readonly expected: boolean; readonly cause: string }) => {
    if (expected || cause === 'interrupted') return;
    failures += 1;
    if (failures !== limit) return;
    events.emit('startsKeepFailing', { failures });
    onReached(failures);
  };
  events.on('serverReady', ready);
  events.on('serverFailed', failed);
  return () => {
    events.off('serverReady', ready);
    events.off('serverFailed', failed);
  };
}
