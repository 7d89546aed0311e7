import type { Attempts } from './attempts.ts';
import type { ServersContext } from './context.ts';
import { stopOnce } from './stop-request.ts';

const actor = { kind: 'hub', name: 'disabled user' } as const;

/**
 * Asks for a stop of every server whose owner is disabled. Whoever disables a user asks for these stops at once; here
 * is what was missed: by a hub that was killed in between, by the command line, by a configuration that blocks somebody.
 */
export async function stopOfDisabled(context: ServersContext, attempts: Attempts): Promise<void> {
  for (const server of await context.servers.ofDisabledOwners()) {
    if (!context.spawners.has(server.spawner)) continue; // a hub that has it does
    await stopOnce(context, attempts, server, { actor, remove: false });
  }
}
