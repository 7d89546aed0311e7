import { type HubData, HubError, openHubData } from '@hub/core';
import type { Io } from './io.ts';
import { loadConfig } from './load-config.ts';
import { quietly } from './quietly.ts';
import { untilSignal } from './until-signal.ts';

/** Options of the commands about one user. */
export interface UserOptions {
  readonly config?: string;
}

/** Options of `hub logout`. */
export interface LogoutOptions extends UserOptions {
  /** API tokens too. */
  readonly tokens?: boolean;
}

type User = NonNullable<Awaited<ReturnType<HubData['users']['get']>>>;

const actor = { kind: 'hub', name: 'command line' } as const;

/** Takes away all a user may do. Hubs that run refuse them at once and stop their servers within seconds. */
export function disableUser(name: string, options: UserOptions, io: Io): Promise<number> {
  return withUser(name, options, io, async (data, user) => {
    await data.disableUser(actor, user);
    return `${name} is disabled. A hub that runs stops their servers within seconds.`;
  });
}

/** Gives it back. */
export function enableUser(name: string, options: UserOptions, io: Io): Promise<number> {
  return withUser(name, options, io, async (data, user) => {
    await data.enableUser(actor, user);
    return `${name} is enabled.`;
  });
}

/** Signs a user out everywhere; servers go on running. */
export function logOut(name: string, { tokens = false, ...options }: LogoutOptions, io: Io): Promise<number> {
  return withUser(name, options, io, async (data, user) => {
    const ended = await data.logins.endAll(actor, user, { tokens });
    const browsers = `${name} was signed in in ${ended} browser${ended === 1 ? '' : 's'} and is in none now.`;
    return tokens ? `${browsers} Their API tokens are gone.` : browsers;
  });
}

async function withUser(
  name: string,
  { config: file }: UserOptions,
  io: Io,
  act: (data: HubData, user: User) => Promise<string>,
): Promise<number> {
  const { config } = await loadConfig(file, io.cwd);
  return untilSignal(io, async (signal) => {
    await using data = await openHubData(quietly(config, io), { signal });
    await data.applyConfiguration();
    const user = await data.users.get(name);
    if (!user) throw new HubError('HUB_NOT_FOUND', `There is no user ${name}.`);
    io.out(`${await act(data, user)}\n`);
    return 0;
  });
}
