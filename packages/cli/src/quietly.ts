import { createLogger, type HubConfig } from '@hub/core';
import type { Io } from './io.ts';

/** The configuration for a short command: of the log only what went wrong. */
export function quietly(config: HubConfig, io: Io): HubConfig {
  return { ...config, logger: createLogger('error', { write: io.err }) };
}
