import { checkScopes, clientAllowedScopes, type ScopeTable } from '../access/index.ts';
import { isPossibleName, type ServiceAccount, type ServiceClient } from '../accounts/index.ts';
import { servicePrefix } from '../kernel/index.ts';
import type { ServiceRecord } from '../plugin/index.ts';

/** What a record is checked against. */
export interface ServiceSurroundings {
  readonly table: ScopeTable;
  /** Prefix of everything (W96). */
  readonly baseUrl: string;
  readonly isRole: (name: string) => boolean;
}

/** A record with its defaults filled in, to be used only when there are no problems. */
export interface CheckedService {
  readonly account: ServiceAccount;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Seconds to wait for the HTTP of a service unless told (W94). */
const usualTimeout = 30;

/** Checks one record: name and keys by W94, URLs by W96, client by W67 and P501. One sentence for each mistake. */
export function checkService(record: ServiceRecord, around: ServiceSurroundings): CheckedService {
  const { name, url = null, apiToken = null, roles = [], oauth } = record;
  const problems = [
    ...nameProblems(name),
    ...(url === null || isWebAddress(url) ? [] : [`url: '${url}' is not an http or https address`]),
    ...(apiToken === null ? [] : tokenProblems(apiToken)),
    ...roles.filter((role) => !around.isRole(role)).map((role) => `roles: there is no role '${role}'`),
    ...checkScopes(around.table, oauth?.allowedScopes ?? [], `service ${name}`),
  ];
  const warnings: string[] = [];
  let client: ServiceClient | null = null;
  if (url !== null || oauth !== undefined) {
    const identifier = oauth?.clientId ?? `service-${name}`;
    const usual = url === null ? null : `${servicePrefix(around.baseUrl, name)}oauth_callback`;
    const redirectUri = oauth?.redirectUri ?? usual;
    problems.push(...clientProblems(identifier, redirectUri));
    if (oauth !== undefined && apiToken === null) {
      warnings.push('oauth is of no use without an apiToken, which is the secret of the client');
    }
    const allowedScopes = clientAllowedScopes(oauth?.allowedScopes ?? [], { kind: 'service', service: name });
    client = { identifier, redirectUri: redirectUri ?? '', allowedScopes };
  }
  const account: ServiceAccount = {
    name,
    url,
    admin: record.admin ?? false,
    roles,
    info: record.info ?? {},
    display: record.display ?? true,
    timeout: record.timeout ?? usualTimeout,
    noConfirm: oauth?.noConfirm ?? false,
    apiToken,
    client,
  };
  return { account, problems, warnings };
}

/** What two services of one configuration must not share. */
export function clashes(services: readonly ServiceAccount[]): readonly string[] {
  const twice = (what: string, of: (service: ServiceAccount) => string | null, shown: boolean) => {
    const seen = new Map<string, string>();
    return services.flatMap((service) => {
      const value = of(service);
      if (value === null) return [];
      const first = seen.get(value);
      seen.set(value, first ?? service.name);
      if (first === undefined) return [];
      return [
        `services: '${first}' and '${service.name}' have the same ${what}${shown ? ` '${value}'` : ''}`,
      ];
    });
  };
  return [
    ...twice('name', ({ name }) => name, false),
    ...twice('apiToken', ({ apiToken }) => apiToken, false),
    ...twice('OAuth client id', ({ client }) => client?.identifier ?? null, true),
  ];
}

function nameProblems(name: string): readonly string[] {
  if (!isPossibleName(name)) {
    return [
      `'${name}' cannot be the name of a service: no slash, no blanks around it, not empty, not only dots`,
    ];
  }
  return isEscaped(name) ? [`the name '${name}' must be written as it is, not percent-encoded`] : [];
}

function isEscaped(name: string): boolean {
  try {
    return decodeURIComponent(name) !== name;
  } catch {
    return false; // a % that encodes nothing
  }
}

function tokenProblems(token: string): readonly string[] {
  // R170: what is longer never matches, and a blank ends the token in its header.
  return /^\S{8,64}$/.test(token) ? [] : ['apiToken: must be 8 to 64 characters without blanks'];
}

function clientProblems(identifier: string, redirectUri: string | null): readonly string[] {
  const problems: string[] = [];
  if (!/^service-\S+$/.test(identifier) || identifier.length > 255) {
    problems.push(`oauth.clientId: '${identifier}' must begin with 'service-' and hold no blanks`);
  }
  if (redirectUri === null) problems.push('oauth.redirectUri: must be given for a service without a url');
  else if (!isRedirectUri(redirectUri)) {
    problems.push(
      `oauth.redirectUri: '${redirectUri}' must be an http or https address or a path, without a fragment`,
    );
  }
  return problems;
}

function isRedirectUri(uri: string): boolean {
  if (uri.includes('#') || /\s/.test(uri)) return false;
  return /^\/(?![/\\])/.test(uri) || isWebAddress(uri);
}

function isWebAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '';
}
