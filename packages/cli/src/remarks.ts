import type { Examined, Settings } from '@hub/core';
import { Authenticator, Spawner } from '@hub/core/plugin';

/** What is no mistake and yet worth a second look before people come. */
export function remarks({ settings, plugins, problems }: Examined): readonly string[] {
  // Only settings without mistakes are of the right type.
  if (problems.length > 0) return [];
  const { bindUrl, publicUrl, hub, access } = settings as Settings;
  const isPublic = !isLoopback(hostOf(bindUrl));
  const shared = plugins.filter(
    ({ instance, options }) => instance.provides === Spawner && options.runAs === 'hub',
  );
  const authenticators = plugins.filter(({ instance }) => instance.provides === Authenticator);
  const namesNobody = !access.allowAll && access.allowed.length === 0 && access.admins.length === 0;

  return [
    ...shared.map(
      ({ instance }) =>
        `${instance.name} (${instance.id}): servers run under the hub's own account, without isolation; each can read all the hub can.`,
    ),
    ...(isPublic ? [`bindUrl: ${bindUrl} can be reached from other machines.`] : []),
    ...(isPublic && shared.some(({ options }) => options.iKnowUsersShareTheHubAccount === false)
      ? ['The spawner will refuse to start with both: see iKnowUsersShareTheHubAccount.']
      : []),
    ...(isPublic && !bindUrl.startsWith('https:') && !publicUrl.startsWith('https:')
      ? ['Neither bindUrl nor publicUrl is https: passwords and cookies travel in the clear.']
      : []),
    ...(isLoopback(hub.ip)
      ? []
      : [
          `hub.ip: the hub's own listener at ${hub.ip || 'every address'} can be reached from other machines.`,
        ]),
    ...(namesNobody && authenticators.length > 0
      ? ['access names nobody: whether anyone may sign in is the authenticator’s choice.']
      : []),
  ];
}

function hostOf(url: string): string {
  return URL.parse(url)?.hostname ?? '';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
