import { once } from 'node:events';
import type { Socket } from 'node:net';

/** Lets this process end while something waits at the gate: then that ends, too. */
export function restGate(line: Socket): void {
  // The waiting process may end first; that is told elsewhere.
  line.on('error', () => {});
  line.unref();
}

/**
 * Sends what opens a gate, and resolves when the command has replaced it, or what waited has ended (`exited`). Nobody
 * writes on the other side, so the line closes as soon as the command has replaced the gate. A process of the account
 * could take hold of that side: it is neither listened to nor waited for longer than the gate lives.
 */
export async function openGate(line: Socket, opening: string, exited: Promise<unknown>): Promise<void> {
  if (line.destroyed) return;
  const closed = once(line, 'close').catch(() => {});
  const answered = once(line, 'data').catch(() => {});
  line.ref();
  line.end(opening);
  await Promise.race([closed, answered, exited]);
  line.destroy();
}
