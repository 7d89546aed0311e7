import type { Container } from 'inversify';
import { declaredRoutes } from '../pages/index.ts';
import { isHubError } from '../plugin/index.ts';
import { Spawners } from '../servers/index.ts';
import { assemble } from './assemble.ts';
import { authenticatorDoubts } from './authenticator-doubts.ts';
import { type LookedOver, lookOver } from './check-config.ts';
import type { HubConfig, Settings } from './config.ts';
import { findCookieSecret, knownCookieSecret } from './cookie-secret.ts';
import { findPlaces } from './data-folder.ts';
import { spawnerDoubts } from './spawner-doubts.ts';
import { services } from './tokens.ts';

/** A configuration as the hub would use it, and what is to be said about it. */
export interface Examined extends LookedOver {
  /** What is doubtful, in the configuration itself or to authenticators. */
  readonly warnings: readonly string[];
}

/**
 * Finds every mistake that can be found without starting: options, plugins that refuse to be made, names that
 * cannot be. Opens no database and writes no file (P606). Secrets are not masked.
 */
export async function examineConfig(config: HubConfig): Promise<Examined> {
  const found = lookOver(config);
  if (found.problems.length > 0) return found;
  const problems: string[] = [];
  const warnings = [...found.warnings];
  const attempt = async (step: () => Promise<unknown>) => {
    try {
      await step();
    } catch (error) {
      problems.push(...sentences(error));
    }
  };

  await attempt(async () => warnings.push(...(await cookieWarnings(found.settings as Settings))));
  await attempt(async () => {
    const { container, cryptKeys } = await assemble(config);
    warnings.push(...cryptKeys.warnings);
    await attempt(() => container.get(services.accessRules)());
    await attempt(async () => {
      declaredRoutes(container.get(services.authenticators), container.get(services.scopeTable));
    });
    await attempt(async () => warnings.push(...(await warningsOf(container))));
  });
  return { ...found, problems, warnings };
}

/** Only a hub on a database of its own makes one: there a missing secret is no mistake. */
async function cookieWarnings(settings: Settings): Promise<readonly string[]> {
  const { secret, secretFile } = settings.cookies;
  const { database, dataFolder } = findPlaces(settings);
  const sources = {
    value: secret,
    environment: process.env,
    file: secretFile,
    usualFile: `${dataFolder}/cookie-secret`,
    mayGenerate: false,
  };
  const known = database.kind === 'private' ? knownCookieSecret(sources) : await findCookieSecret(sources);
  return known?.warnings ?? [];
}

async function warningsOf(container: Container): Promise<readonly string[]> {
  const rules = await container
    .get(services.accessRules)()
    .catch(() => null); // named among the problems already
  const doubts = await authenticatorDoubts(container.get(services.authenticators), rules);
  const ofSpawners = await spawnerDoubts(container.get(Spawners).all);
  return [
    ...doubts.map(({ authenticator, warning }) => `${authenticator}: ${warning}`),
    ...ofSpawners.map(({ spawner, warning }) => `${spawner}: ${warning}`),
  ];
}

function sentences(error: unknown): readonly string[] {
  if (!isHubError(error)) return [error instanceof Error ? error.message : String(error)];
  if (error.problems.length > 0) return error.problems;
  return [error.hint === undefined ? error.message : `${error.message} ${error.hint}`];
}
