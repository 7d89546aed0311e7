import { createPam, isHelperFailure } from '@hub/posix';
import type { LocalSpawnerOptions } from './options.ts';

/** Why no server can have the PAM session that is asked for; null when nothing speaks against it. */
export async function problemOfSessions({
  runAs,
  pamService: service,
}: LocalSpawnerOptions): Promise<string | null> {
  if (!service) return null;
  if (runAs !== 'user') return "pamService opens a session for a user's own account: it needs runAs: 'user'.";
  const pam = createPam({ service, helpers: 1 });
  try {
    const { problem, serviceFile } = await pam.look();
    if (problem) return `pamService: libpam cannot be used: ${problem}. Install it (Debian: libpam0g).`;
    // libpam would take the service `other` in its place.
    return serviceFile
      ? null
      : `There is no PAM service ${service}: write /etc/pam.d/${service}, or name another in the option pamService.`;
  } catch (error) {
    if (!isHelperFailure(error)) throw error;
    return `pamService: ${error.message}`;
  } finally {
    await pam.close();
  }
}
