import { HubError, isHubError } from '../plugin/index.ts';
import type { AccessRules, AuthenticatorInstance } from './access-rules.ts';
import type { PluginCall } from './plugin-call.ts';
import type { Refusals } from './refusals.ts';
import type { Throttle, TriedAccount } from './throttle.ts';

/** Somebody who shows a name and what should prove it. */
export interface Shown {
  readonly ip: string;
  /** When it arrived, by the clock that only goes forward. */
  readonly began: number;
  readonly data: Readonly<Record<string, string>>;
}

interface GuardDeps {
  readonly throttle: Throttle;
  readonly refusals: Refusals;
  readonly rules: AccessRules;
  readonly call: (instance: AuthenticatorInstance) => PluginCall;
}

/**
 * Reserves the try before it is made; it is counted only if the visitor was wrong. `id` of the attempt's result is
 * the authenticator that was right, where there were several.
 *
 * @throws HubError 429 while there is something to wait for (W26).
 */
export async function guarded<R extends { readonly ok: boolean; readonly id?: string }>(
  { throttle, refusals, rules, call }: GuardDeps,
  instances: readonly AuthenticatorInstance[],
  { ip, began, data }: Shown,
  attempt: (tried: readonly TriedAccount[]) => Promise<R>,
): Promise<R> {
  // Who shows nothing guesses nothing: an authenticator that reads the request itself asks like this.
  if (Object.keys(data).length === 0) return attempt([]);
  const { username = '' } = data;
  const tried: TriedAccount[] = [];
  for (const instance of username === '' ? [] : instances) {
    const normalise = () => rules.namesOf(instance.id).normalise(username);
    const { unmapped: name } = await call(instance)('normalizeName', normalise);
    tried.push({ authenticator: instance.id, name });
  }

  const admission = await throttle.admit(tried, ip);
  if (!admission.ok) {
    await refusals.throttled(tried[0], ip, admission.key, admission.wait);
    throw tooMany(admission.wait);
  }
  try {
    const result = await attempt(tried);
    if (result.ok) await admission.succeeded(result.id ?? instances[0]?.id ?? '');
    else await admission.failed();
    return result;
  } catch (error) {
    if (saysNo(error)) {
      await admission.failed();
      const { authenticator, name } = tried[0] ?? { authenticator: instances[0]?.id ?? '', name: '' };
      await refusals.refused({ authenticator, name, reason: 'refused in words of its own', ip, began });
    } else await admission.withdraw();
    throw error;
  }
}

/** P104: an authenticator may say no in words of its own. One that is down or broken says nothing about anybody. */
function saysNo(error: unknown): boolean {
  return isHubError(error) && (error.status === 401 || error.status === 403);
}

/** The words stand on the login page. */
function tooMany(wait: number): HubError {
  const seconds = Math.max(1, Math.ceil(wait));
  const message = `Too many tries. Wait ${seconds} second${seconds === 1 ? '' : 's'}.`;
  return new HubError('HUB_TOO_MANY', message, { headers: { 'Retry-After': String(seconds) } });
}
