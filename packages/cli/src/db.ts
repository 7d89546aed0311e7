import { openHubData, stopHubDatabase } from '@hub/core';
import type { Io } from './io.ts';
import { loadConfig } from './load-config.ts';
import { quietly } from './quietly.ts';
import { untilSignal } from './until-signal.ts';

/** Options of `hub db …`. */
export interface DatabaseOptions {
  readonly config?: string;
}

/** Brings the schema up to date and says what that was. A start does the same by itself. */
export async function migrateDatabase(options: DatabaseOptions, io: Io): Promise<number> {
  const { config } = await loadConfig(options.config, io.cwd);
  return untilSignal(io, async (signal) => {
    await using data = await openHubData(quietly(config, io), { signal });
    const { before, after } = data.migrated;
    const steps = after - before;
    io.out(
      steps === 0
        ? `The database is up to date (step ${after}).\n`
        : `The database took ${steps === 1 ? 'one step' : `${steps} steps`}, from ${before} to ${after}.\n`,
    );
    return 0;
  });
}

/** Encrypts all that is kept with the first key. Resolves to 1 when something could not be opened. */
export async function rekeyDatabase(options: DatabaseOptions, io: Io): Promise<number> {
  const { config } = await loadConfig(options.config, io.cwd);
  return untilSignal(io, async (signal) => {
    await using data = await openHubData(quietly(config, io), { signal });
    const { rewritten, current, unopened } = await data.rekey();
    io.out(`Encrypted anew: ${rewritten}. With the first key before: ${current}. Not opened: ${unopened}.\n`);
    if (unopened === 0) return 0;
    io.err('What no key opens is as it was. Add the key it was encrypted with, last, and repeat this.\n');
    return 1;
  });
}

/** Ends the private PostgreSQL unless somebody holds it. */
export async function stopDatabase(options: DatabaseOptions, io: Io): Promise<number> {
  const { config } = await loadConfig(options.config, io.cwd);
  const outcome = await stopHubDatabase(config);
  io.out(outcome === 'stopped' ? 'PostgreSQL has stopped.\n' : 'PostgreSQL did not run.\n');
  return 0;
}
