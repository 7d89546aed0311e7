import { HubError, openHubData } from '@hub/core';
import type { Io } from './io.ts';
import { loadConfig } from './load-config.ts';
import { quietly } from './quietly.ts';
import { untilSignal } from './until-signal.ts';

/** Options of `hub token`. */
export interface TokenOptions {
  readonly config?: string;
  readonly note?: string;
  /** Seconds. */
  readonly expiresIn?: number;
  readonly scopes?: readonly string[];
}

/** Makes a token and prints it, and nothing else, on standard output (P607). The hub may run or not. */
export async function printToken(name: string | undefined, options: TokenOptions, io: Io): Promise<number> {
  const { config } = await loadConfig(options.config, io.cwd);
  const { note = 'command-line generated', expiresIn, scopes } = options;
  return untilSignal(io, async (signal) => {
    await using data = await openHubData(quietly(config, io), { signal });
    await data.applyConfiguration();
    const userName = name ?? io.login();
    const user = await data.users.get(userName);
    if (!user) {
      throw new HubError('HUB_NOT_FOUND', `There is no user ${userName}.`, {
        hint: 'Users are those who have signed in, those the configuration names and those made by the API.',
      });
    }
    const actor = { kind: 'hub', name: 'command line' } as const;
    const { token } = await data.tokens.create(actor, user, { note, expiresIn, scopes });
    io.out(`${token}\n`);
    return 0;
  });
}
