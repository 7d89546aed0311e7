import { HubError, type JsonObject, spawnRefusal } from '../plugin/index.ts';
import type { ServersContext } from './context.ts';
import { refuseLargeOptions } from './options-size.ts';
import type { OverrideLayer } from './overrides.ts';
import type { Profiles } from './profiles.ts';
import type { ServerRecord } from './server.ts';
import { wantedProfile } from './start-choice.ts';
import { serverView } from './views.ts';

/** What a start runs by, as it is written to the row. */
export interface SettledStart {
  readonly spawner: string;
  /** `null` keeps what the row has. */
  readonly userOptions: JsonObject | null;
}

/**
 * Decides by what a server is started, whoever asks for it: every start comes by here, so what a user may not choose
 * is refused even where no page was seen. `wanted` are the options given, `null` for those of the last start.
 *
 * @throws HubError 400 for options that do not fit their form, 400 or 403 for a profile the user cannot have.
 */
export async function settledStart(
  context: ServersContext,
  server: ServerRecord,
  wanted: JsonObject | null,
): Promise<SettledStart> {
  const settled = await settle(context, server, wanted);
  refuseLargeOptions(settled.userOptions);
  return settled;
}

async function settle(
  context: ServersContext,
  server: ServerRecord,
  wanted: JsonObject | null,
): Promise<SettledStart> {
  const { starts, owners, hub } = context;
  const nobody = { name: server.userName, groups: [] };
  if (starts.profiles.length === 0) {
    const choice = starts.choose(nobody, null, server.spawner);
    if (!starts.mayAsk(choice)) return { spawner: choice.spawner.id, userOptions: wanted };
  }
  const user = await owners.view(server.userId);
  if (!user) throw new HubError('HUB_NOT_FOUND', `The user ${server.userName} is gone.`);
  const options = wanted ?? server.userOptions;
  const choice = starts.choose(user, options, server.spawner);
  const userOptions = await starts.settle(choice, options ?? {}, {
    user,
    server: serverView(hub.baseUrl, server, user),
    lastOptions: server.userOptions ?? {},
    request: null,
    cspNonce: '',
  });
  const isNothing = options === null && Object.keys(userOptions).length === 0;
  return { spawner: choice.spawner.id, userOptions: isNothing ? null : userOptions };
}

/**
 * What the chosen profile makes of the spawner's options.
 *
 * @throws a refusal for a profile that was removed or changed while the server waited for its turn.
 */
export function profileLayers(profiles: Profiles, server: ServerRecord): readonly OverrideLayer[] {
  if (profiles.length === 0) return [];
  const id = wantedProfile(server.userOptions);
  const profile = profiles.find((one) => one.id === id);
  if (profile?.spawner === server.spawner) {
    return [{ from: `profiles.${profile.id}`, values: profile.options, ofUser: false }];
  }
  throw spawnRefusal(`The profile "${id ?? ''}" was changed meanwhile. Choose again.`, { reason: 'profile' });
}
