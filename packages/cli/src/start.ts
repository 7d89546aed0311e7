import { checkConfig, createHub, createLogger, type Hub } from '@hub/core';
import { diagnostics } from './diagnostics.ts';
import { errorText } from './error-text.ts';
import type { Io } from './io.ts';
import { type LoadedConfig, loadConfig } from './load-config.ts';
import { prettyLines } from './pretty-log.ts';
import { stopOnSignals } from './stop-on-signals.ts';

/** Options of `hub start`. */
export interface StartOptions {
  readonly config?: string;
  readonly verbose?: boolean;
  readonly logFormat?: 'json' | 'pretty';
}

/**
 * Runs a hub until a signal or the REST API stops it; resolves to 0 then (P641–P643), or to 1 when it gave up because
 * starts keep failing (P246).
 */
export async function start(options: StartOptions, io: Io): Promise<number> {
  const loaded = await loadConfig(options.config, io.cwd);
  const { settings } = checkConfig(loaded.config);
  const format = options.logFormat ?? (io.errIsTerminal ? 'pretty' : 'json');
  const destination = { write: format === 'pretty' ? prettyLines(io.err, io.errIsTerminal) : io.err };
  const log = loaded.config.logger ?? createLogger(settings.logLevel, destination);
  const hub = await createHub({ ...loaded.config, logger: log });

  let gaveUp = false;
  hub.on('startsKeepFailing', () => {
    gaveUp = true;
  });
  const signals = stopOnSignals(io, () => hub.stop());
  const endDiagnostics = io.onSignal('SIGUSR1', () => log.info(diagnostics(), 'diagnostics'));
  const onRejection = (error: unknown) =>
    log.error({ err: error }, 'a promise was rejected and nobody listened');
  // Node would end the hub for a mistake in one plugin.
  process.on('unhandledRejection', onRejection);
  try {
    await hub.start();
    io.out(`\nThe hub serves at ${hub.url}\n`);
    await printLines(loaded, hub, io);
    await hub.stopped;
    io.out('The hub has stopped.\n');
    return gaveUp ? 1 : 0;
  } catch (error) {
    if (!signals.received()) throw error;
    io.out('The hub was stopped before it served.\n');
    return 0;
  } finally {
    signals.end();
    endDiagnostics();
    process.off('unhandledRejection', onRejection);
  }
}

async function printLines({ afterStart }: LoadedConfig, hub: Hub, io: Io): Promise<void> {
  try {
    const lines = await afterStart(hub);
    if (lines.length > 0) io.out(`${lines.join('\n')}\n`);
  } catch (error) {
    io.err(`\`afterStart\` of the configuration failed; the hub serves all the same.\n`);
    io.err(errorText(error, { verbose: false }));
  }
}
