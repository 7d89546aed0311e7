import { HubError, type HubInfo, type Logger } from '@hub/core/plugin';
import { givenSecret, isSecretError } from '@hub/posix';
import type { ChpOptions } from './options.ts';

/**
 * The secret between hub and proxy, as given: option, CONFIGPROXY_AUTH_TOKEN, file (P421, P438, W110). `undefined`
 * where the hub that starts the proxy is to make one.
 *
 * @throws HubError `HUB_START_FAILED` for a file that others can read, and without a token where none is made:
 *   for a proxy of somebody else, and on a database that hubs share (design 5a).
 */
export function authTokenOf(
  { authToken = '', authTokenFile = '', shouldStart }: ChpOptions,
  hub: HubInfo,
  log: Logger,
): string | undefined {
  const given = tokenOf(authToken, authTokenFile);
  for (const warning of given?.warnings ?? []) log.warn({}, warning);
  if (given) return given.text;
  if (shouldStart && hub.mayMakeSecrets) return undefined;
  throw new HubError('HUB_START_FAILED', 'The token of the proxy is not known.', {
    hint: shouldStart
      ? 'Hubs on a shared database need the same one: give authToken, authTokenFile or CONFIGPROXY_AUTH_TOKEN. `openssl rand -hex 32` makes one.'
      : 'Give authToken, authTokenFile or CONFIGPROXY_AUTH_TOKEN, the same as the proxy has.',
  });
}

function tokenOf(authToken: string, authTokenFile: string) {
  try {
    return givenSecret({
      what: 'The token of the proxy',
      value: { name: '`authToken`', text: authToken },
      variable: { name: 'CONFIGPROXY_AUTH_TOKEN', text: process.env.CONFIGPROXY_AUTH_TOKEN },
      file: { name: '`authTokenFile`', path: authTokenFile },
    });
  } catch (error) {
    if (!isSecretError(error)) throw error;
    throw new HubError('HUB_START_FAILED', error.message, { hint: error.hint, cause: error });
  }
}
