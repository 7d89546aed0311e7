import { type HubError, isHubError } from '@hub/core/plugin';

/** What went wrong with the provider, said twice: for the person in front of the browser and for the operator. */
export interface Explained {
  readonly kind: 'denied' | 'expired' | 'misconfigured' | 'clock' | 'unavailable' | 'untrusted';
  /** A sentence without technical terms and without secrets. */
  readonly sentence: string;
  /** For the log. */
  readonly reason: string;
  /** What the hub knows of the provider may be old: its addresses, its keys, or the secret. */
  readonly isStale?: true;
}

/** What is known when something fails. */
export interface Circumstances {
  /** `GitHub`. */
  readonly title: string;
  /** Seconds the provider's clock is ahead; null when unknown. */
  readonly clockAhead: number | null;
  readonly clockTolerance: number;
}

/** Explains what `openid-client`, `jose` or the network threw. */
export function explain(error: unknown, known: Circumstances): Explained {
  const { title } = known;
  const hubError = hubErrorIn(error);
  if (hubError?.expose) {
    return { kind: 'unavailable', sentence: hubError.message, reason: hubError.hint ?? hubError.message };
  }
  if (hubError) return notSetUp(title, [hubError.message, hubError.hint ?? ''].join(' ').trim());
  const { code, attributes, message } = factsOf(error);
  const told = providersWords(attributes);
  switch (code) {
    case 'OAUTH_AUTHORIZATION_RESPONSE_ERROR':
      return authorizationRefused(told, title);
    case 'OAUTH_RESPONSE_BODY_ERROR':
    case 'OAUTH_WWW_AUTHENTICATE_CHALLENGE':
      return tokenRefused(told ?? `status ${String(attributes.status)}`, title);
    case 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED':
    case 'ERR_JWT_EXPIRED':
      return wrongClock(attributes, known);
    case 'OAUTH_JWT_CLAIM_COMPARISON_FAILED':
    case 'OAUTH_KEY_SELECTION_FAILED':
    case 'ERR_JWT_CLAIM_VALIDATION_FAILED':
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
    case 'ERR_JWKS_NO_MATCHING_KEY':
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
    case 'ERR_JWS_INVALID':
    case 'ERR_JWT_INVALID':
      return {
        kind: 'untrusted',
        sentence: `The answer of ${title} could not be trusted, so nobody was signed in.`,
        reason: `${message}${comparison(attributes)}`,
        isStale: true,
      };
    case 'OAUTH_INVALID_RESPONSE':
      if (told !== null) return tokenRefused(told, title);
      break;
    case 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED':
      return notSetUp(
        title,
        `the discovery document names another issuer${comparison(attributes)}; the option issuer must be exactly that`,
      );
  }
  return {
    kind: 'unavailable',
    sentence: `${title} gave an answer that makes no sense. Try again in a moment.`,
    reason: `${code ?? 'error'}: ${message}`,
  };
}

/** Paths and settings are for the log alone. */
function notSetUp(title: string, reason: string): Explained {
  return {
    kind: 'misconfigured',
    sentence: `Sign-in with ${title} is not set up correctly. Tell whoever runs this hub.`,
    reason,
  };
}

function authorizationRefused(told: string | null, title: string): Explained {
  if (told?.startsWith('access_denied')) {
    return {
      kind: 'denied',
      sentence: `${title} did not let you through: access was denied there.`,
      reason: told,
    };
  }
  if (told !== null && /^(?:temporarily_unavailable|server_error)/.test(told)) {
    return { kind: 'unavailable', sentence: `${title} cannot sign anybody in right now.`, reason: told };
  }
  return {
    kind: 'misconfigured',
    sentence: `${title} did not accept the sign-in that this hub asked for. Tell whoever runs this hub.`,
    reason: told ?? 'an error without a name',
  };
}

function tokenRefused(reason: string, title: string): Explained {
  if (/^(?:invalid_grant|bad_verification_code|code_already_used)/.test(reason)) {
    return {
      kind: 'expired',
      sentence: `The answer of ${title} was used before or is too old. Sign in again.`,
      reason,
    };
  }
  return {
    kind: 'misconfigured',
    sentence: `${title} does not accept this hub. Tell whoever runs it.`,
    reason: `${reason}; check clientId, the client secret, clientAuth and the callback address registered there`,
    isStale: true,
  };
}

function wrongClock(attributes: Attributes, { title, clockAhead, clockTolerance }: Circumstances): Explained {
  const seconds = clockAhead ?? 0;
  const side = seconds > 0 ? 'behind' : 'ahead of';
  const differ = Math.abs(seconds) > clockTolerance;
  return {
    kind: 'clock',
    sentence: differ
      ? `The clock of this hub is ${Math.abs(seconds)} s ${side} that of ${title}, so nobody can be signed in. Tell whoever runs this hub.`
      : `The answer of ${title} had run out when it came, or the clocks differ. Sign in again.`,
    reason: differ
      ? `the clocks differ by ${Math.abs(seconds)} s, ${clockTolerance} s are tolerated (clockTolerance); set the clock of this machine by NTP`
      : `a token was outside its time by ${String(attributes.claim ?? 'exp')}`,
  };
}

type Attributes = Readonly<Record<string, unknown>>;

function factsOf(error: unknown): { code: string | null; message: string; attributes: Attributes } {
  if (!(error instanceof Error)) return { code: null, message: String(error), attributes: {} };
  let attributes: Attributes = {};
  let code: string | null = null;
  let message = error.message;
  for (
    let one: unknown = error;
    typeof one === 'object' && one !== null;
    one = 'cause' in one ? one.cause : null
  ) {
    if (one instanceof URLSearchParams) attributes = { ...Object.fromEntries(one), ...attributes };
    else attributes = { ...one, ...attributes };
    if ('code' in one && typeof one.code === 'string' && code === null) code = one.code;
    if (one instanceof Error) message = one.message;
  }
  return { code, message, attributes };
}

/** `invalid_grant (grant request is invalid)`, from wherever the provider put it. */
function providersWords(attributes: Attributes): string | null {
  const { body } = attributes;
  const all: Attributes = { ...(typeof body === 'object' ? body : {}), ...attributes };
  if (typeof all.error !== 'string') return null;
  const more = typeof all.error_description === 'string' ? ` (${all.error_description.slice(0, 300)})` : '';
  return `${all.error.slice(0, 100)}${more}`;
}

/** Which claim, and what was expected; never what else a token holds. */
function comparison({ claim, attribute, expected }: Attributes): string {
  const name = claim ?? attribute;
  return typeof name === 'string'
    ? `: ${name}${typeof expected === 'string' ? `, expected ${expected}` : ''}`
    : '';
}

/** What the way to the provider threw, wherever a library put it; null when that is not the cause. */
export function hubErrorIn(error: unknown): HubError | null {
  for (let one: unknown = error; one instanceof Error; one = one.cause) if (isHubError(one)) return one;
  return null;
}
