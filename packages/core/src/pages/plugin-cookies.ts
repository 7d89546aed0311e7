import type { Context, HubCookies } from '../http/index.ts';
import { type Clock, HubError, type RequestContext } from '../plugin/index.ts';

/** What browsers keep of one cookie. */
const longest = 4096;

/**
 * Cookies of one authenticator in one request: signed, HttpOnly, and valid no longer than they were set for,
 * whatever the browser keeps. Sent to both addresses its routes have.
 */
export function pluginCookies(
  id: string,
  { headers, secure, setCookie }: Context,
  {
    cookies,
    hubPrefix,
    clock,
  }: { readonly cookies: HubCookies; readonly hubPrefix: string; readonly clock: Clock },
): RequestContext['cookies'] {
  const now = clock.now();
  const seconds = Math.floor(now.getTime() / 1000);
  return {
    get(name) {
      const read = cookies.readSigned(headers.cookie, fullName(id, name), Number.POSITIVE_INFINITY, now);
      const [, until = '', value = ''] = /^(\d{1,15}) (.*)$/s.exec(read ?? '') ?? [];
      return read !== null && seconds < Number(until) ? value : null;
    },
    set(name, value, { maxAge }) {
      const age = Math.max(0, Math.ceil(maxAge));
      const text = cookies.setSigned(fullName(id, name), `${seconds + age} ${value}`, hubPrefix, age, {
        secure,
        now,
      });
      if (text.length > longest) {
        throw new HubError(
          'HUB_PLUGIN_FAILED',
          `Cookie ${name} of authenticator ${id} is too long for browsers.`,
        );
      }
      setCookie(text);
    },
    clear: (name) => setCookie(cookies.clearSigned(fullName(id, name), hubPrefix)),
  };
}

/** Neither ids nor names hold a plus sign, so no two plugins share a name. */
function fullName(id: string, name: string): string {
  if (/^[\w.-]+$/.test(name)) return `hub-auth+${id}+${name}`;
  throw new HubError(
    'HUB_PLUGIN_FAILED',
    `Authenticator ${id} names a cookie "${name}": use letters, digits, - . _`,
  );
}
