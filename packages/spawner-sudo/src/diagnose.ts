import type { Diagnosis, RunningServer } from '@hub/core/plugin';
import { listeningSockets } from '@hub/posix';
import type { SudoState } from './state.ts';

/** Why a server that runs does not answer. Which sockets are whose the hub may not see, only which account's they are. */
export async function diagnose({ state }: RunningServer<SudoState>): Promise<Diagnosis | null> {
  if (!state) return null;
  const there = (await listeningSockets()).filter(({ port }) => port === state.port);
  if (there.some(({ uid }) => uid === state.uid)) return null;
  if (there.length > 0) {
    return { cause: 'port-taken', message: `Port ${state.port} is used by a program of another account.` };
  }
  return {
    cause: 'not-listening',
    message: `The server runs, but nothing listens at port ${state.port}, which it was told to use.`,
    hint: 'Look at the end of its log. A server finds its address in JUPYTERHUB_SERVICE_URL.',
  };
}
