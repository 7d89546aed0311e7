import { HubError, isHubError } from '../plugin/index.ts';

interface PostgresFault {
  readonly code: string;
  readonly constraint?: string;
}

const diskFull = '53100';

/** Codes that say "the server is not there now": nothing was refused, the same request may work later. */
const unavailable = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  '08000',
  '08003',
  '08006',
  '53300', // too many connections
  '57P01', // admin shutdown
  '57P02', // crash shutdown
  '57P03', // cannot connect now
  '55P03', // lock not available in time
  '57014', // statement cancelled by its time limit
  '25006', // read-only while a standby takes over
  diskFull,
]);

const retryable = new Set(['40001', '40P01']);

/**
 * An error of the driver → a HubError that names what happened without the statement's parameters, which may
 * hold secrets. The cause is a bare `{ code, constraint }` for the same reason.
 */
export function databaseError(error: unknown): unknown {
  if (isHubError(error)) return error;
  const fault = findFault(error);
  if (!fault) return error;
  const cause = { code: fault.code, constraint: fault.constraint };
  if (unavailable.has(fault.code)) {
    const what =
      fault.code === diskFull
        ? 'No space is left on the disk of the database'
        : 'The database does not answer';
    return new HubError('HUB_DATABASE_UNAVAILABLE', `${what} (${fault.code}).`, {
      cause,
      hint: 'Nothing was changed, or the change is complete. Try again in a moment.',
      headers: { 'Retry-After': '1' },
    });
  }
  if (fault.code === '23505') {
    return new HubError('HUB_CONFLICT', `Already there (${fault.constraint ?? 'unique'}).`, { cause });
  }
  return new HubError('HUB_DATABASE', `The database refused a statement (${fault.code}).`, { cause });
}

/** Was it a deadlock or a lost serialisation, so that the same work may simply run again? */
export function isRetryable(error: unknown): boolean {
  const code = faultCode(error);
  return code !== null && retryable.has(code);
}

/** Did a unique constraint refuse it? Answers the constraint's name. */
export function uniqueViolation(error: unknown): string | null {
  const fault = findFault(error);
  return fault?.code === '23505' ? (fault.constraint ?? '') : null;
}

function faultCode(error: unknown): string | null {
  return findFault(error)?.code ?? null;
}

/** drizzle wraps the driver's error, a HubError keeps it as cause: look down the chain. */
function findFault(error: unknown): PostgresFault | null {
  for (let at = error, depth = 0; typeof at === 'object' && at !== null && depth < 5; depth++) {
    if ('code' in at && typeof at.code === 'string' && !isHubError(at)) {
      const constraint =
        'constraint_name' in at && typeof at.constraint_name === 'string'
          ? at.constraint_name
          : 'constraint' in at && typeof at.constraint === 'string'
            ? at.constraint
            : undefined;
      return constraint === undefined ? { code: at.code } : { code: at.code, constraint };
    }
    at = 'cause' in at ? at.cause : null;
  }
  return null;
}
