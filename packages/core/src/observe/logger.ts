import { type DestinationStream, pino } from 'pino';
import type { Logger } from '../plugin/index.ts';

/** Fields whose values are secrets wherever they appear. */
const hidden = ['authorization', 'cookie', 'password', 'token', 'secret', 'client_secret', 'code', 'otp'];

/** A logger that writes one JSON line per event. Standard error unless told otherwise. */
export function createLogger(level: string, destination: DestinationStream = pino.destination(2)): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...hidden, ...hidden.map((name) => `*.${name}`)], censor: '[secret]' },
    },
    destination,
  );
}
