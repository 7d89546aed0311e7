import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Hub, HubConfig } from '@hub/core';
import { HubError } from '@hub/core';
import { resolvePaths } from './resolve-paths.ts';

/** What a configuration file says. */
export interface LoadedConfig {
  /** With paths that no longer depend on the current folder. */
  readonly config: HubConfig;
  /** Lines for people, printed beside the address once the hub serves: the exported function `afterStart`. */
  readonly afterStart: (hub: Hub) => Promise<readonly string[]>;
}

/** Names looked for when none is given, in this order. */
const usualNames = ['hub.config.ts', 'hub.config.mts', 'hub.config.js', 'hub.config.mjs'];

/**
 * Loads a configuration file: its default export is a configuration, or a function that returns one.
 *
 * @throws HubError with a sentence of its own for each way this can fail (P602).
 */
export async function loadConfig(given: string | undefined, cwd: string): Promise<LoadedConfig> {
  const file = findFile(given, cwd);
  const module = await importFile(file);
  const { default: exported, afterStart } = module;
  if (exported === undefined) {
    throw invalid(`${file} has no default export.`, 'Write `export default defineHub({ … })`.');
  }
  const config = isFunction(exported) ? await called(exported, file) : exported;
  if (!isObject(config)) {
    throw invalid(
      `The default export of ${file} is not a configuration.`,
      'Export what `defineHub({ … })` returns, or a function that returns it.',
    );
  }
  if (afterStart !== undefined && !isFunction(afterStart)) {
    throw invalid(
      `\`afterStart\` of ${file} is not a function.`,
      'It is called with the hub and returns lines to print.',
    );
  }
  return {
    // The hub itself looks over every part of it.
    config: resolvePaths(config as HubConfig, path.dirname(file)),
    async afterStart(hub) {
      const lines: unknown = await afterStart?.(hub);
      return lines === undefined ? [] : [lines].flat().map(String);
    },
  };
}

function findFile(given: string | undefined, cwd: string): string {
  const candidates = (given === undefined ? usualNames : [given]).map((name) => path.resolve(cwd, name));
  const file = candidates.find((candidate) => existsSync(candidate));
  if (file === undefined) {
    throw given === undefined
      ? invalid(`There is no hub.config.ts in ${cwd}.`, 'Name the configuration with `--config <file>`.')
      : invalid(`There is no file ${candidates[0]}.`);
  }
  if (statSync(file).isDirectory()) throw invalid(`${file} is a folder.`, 'Name the file in it.');
  return file;
}

async function importFile(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    throw loadError(file, error);
  }
}

async function called(make: () => unknown, file: string): Promise<unknown> {
  try {
    return await make();
  } catch (error) {
    throw loadError(file, error);
  }
}

function loadError(file: string, error: unknown): HubError {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') {
    return invalid(`${file} imports something that is not there: ${message}.`, 'Is it installed?', error);
  }
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    const hint = 'Run the hub with Node 22.19 or newer, or write the configuration as hub.config.mjs.';
    return invalid(`Node ${process.version} cannot read ${file}.`, hint, error);
  }
  if (error instanceof SyntaxError) {
    const place = whereIn(error);
    return invalid(`${file} cannot be read as a program: ${message}${place}.`, undefined, error);
  }
  return invalid(`${file} failed while it was loaded: ${message}`, '`--verbose` shows where.', error);
}

/** Node writes the place of a syntax error above the message: `file:///srv/hub.config.ts:12`. */
function whereIn(error: SyntaxError): string {
  const place = /^(?:file:\/\/)?(\/.*:\d+)$/m.exec(error.stack ?? '')?.[1];
  return place === undefined ? '' : ` (${place})`;
}

function invalid(message: string, hint?: string, cause?: unknown): HubError {
  return new HubError('HUB_CONFIG_INVALID', message, { ...(hint === undefined ? {} : { hint }), cause });
}

function isFunction(value: unknown): value is (...given: unknown[]) => unknown {
  return typeof value === 'function';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
