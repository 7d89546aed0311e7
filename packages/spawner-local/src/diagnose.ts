import type { Diagnosis, RunningServer } from '@hub/core/plugin';
import { listenersOf } from '@hub/posix';
import type { LocalState } from './state.ts';

/** Why a server that runs does not answer: it listens nowhere, or at another port than it was told. */
export async function diagnose({ key, state }: RunningServer<LocalState>): Promise<Diagnosis | null> {
  if (!state) return null;
  const sockets = await listenersOf({ identity: state, launchKey: key, uid: state.uid });
  if (sockets.some(({ port }) => port === state.port)) return null;
  if (sockets.length === 0) {
    return {
      cause: 'not-listening',
      message: `The server runs, but listens at no port; it was told to use port ${state.port}.`,
      hint: 'Look at the end of its log. A server finds its address in JUPYTERHUB_SERVICE_URL.',
    };
  }
  const ports = [...new Set(sockets.map(({ port }) => port))].sort((a, b) => a - b);
  return {
    cause: 'wrong-port',
    message: `The server listens at port ${ports.join(', ')}, not at port ${state.port} as it was told.`,
    hint: 'Let its command use the address in JUPYTERHUB_SERVICE_URL.',
  };
}
