import { HubError } from '@hub/core/plugin';

/** Refuses to let strangers near servers that share the hub's account, unless the operator knows. */
export function refuseExposure(bindUrl: string, known: boolean): void {
  // `http://:8000`, every address, is no URL.
  const hostname = URL.parse(bindUrl)?.hostname ?? '';
  if (known || isLoopback(hostname)) return;
  throw new HubError(
    'HUB_START_FAILED',
    `localSpawner runs all servers under the hub's own account, and the hub listens at ${bindUrl}, where others can reach it.`,
    {
      hint: 'Listen at 127.0.0.1, use a spawner that gives each user an account, or set iKnowUsersShareTheHubAccount: true.',
    },
  );
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
