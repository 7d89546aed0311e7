import type { Logger } from '@hub/core/plugin';

/** A line as it was logged. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: object;
}

/** A log in memory. */
export function fakeLog(): { readonly logger: Logger; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, message, fields });
  const logger: Logger = {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => logger,
  };
  return { logger, lines };
}
