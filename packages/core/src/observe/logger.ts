import { type DestinationStream, pino } from 'pino';
import type { Logger } from '../plugin/index.ts';

/** Fields whose values are secrets wherever they appear. */
const hidden = ['authorization', 'cookie', 'password', 'token', 'secret', 'client_secret', 'code', 'otp'];

/** What systems, databases and libraries name their errors by: `EMFILE`, `53100`. */
const errorCode = /^[A-Z0-9_]{1,64}$/;

/** Fields called `code` are hidden, as it may be one of OAuth; that of an error is told by another name. */
function err(error: unknown) {
  if (!(error instanceof Error)) return error;
  const { code, ...told } = pino.stdSerializers.err(error);
  return typeof code === 'string' && errorCode.test(code) ? { ...told, errorCode: code } : told;
}

/** A logger that writes one JSON line per event. Standard error unless told otherwise. */
export function createLogger(level: string, destination: DestinationStream = pino.destination(2)): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err },
      redact: { paths: [...hidden, ...hidden.map((name) => `*.${name}`)], censor: '[secret]' },
    },
    destination,
  );
}
