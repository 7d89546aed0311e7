import * as posix from '@hub/posix';
import { HubError } from '../plugin/index.ts';

/** As in `@hub/posix`, but that it throws HubError `HUB_START_FAILED`. */
export function givenSecret(sources: posix.SecretSources): posix.GivenSecret | null {
  return orHubError(() => posix.givenSecret(sources));
}

/** As in `@hub/posix`, but that it throws HubError `HUB_START_FAILED`. */
export function readSecretFile(path: string, what: string): string | null {
  return orHubError(() => posix.readSecretFile(path, what));
}

function orHubError<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!posix.isSecretError(error)) throw error;
    throw new HubError('HUB_START_FAILED', error.message, { hint: error.hint, cause: error });
  }
}
