import { HubError, type JsonObject, type OptionSchema, type Options } from '@hub/core/plugin';
import type { Claims } from '../claims.ts';
import { definePreset } from '../define-preset.ts';
import { domainOf, textOrNull, withoutDomain } from './answers.ts';

const idpSchema = {
  type: 'object',
  properties: {
    usernameDerivation: {
      type: 'object',
      properties: {
        usernameClaim: {
          type: 'string',
          minLength: 1,
          description: 'Claim that is the user name: `eppn`, `email`.',
        },
        action: {
          type: 'string',
          enum: ['strip_idp_domain', 'prefix'],
          description: 'Takes `@domain` from the end of the name, or puts `prefix:` before it.',
        },
        domain: { type: 'string', pattern: '^[^@]+$' },
        prefix: { type: 'string', minLength: 1 },
      },
      required: ['usernameClaim'],
      additionalProperties: false,
    },
    allowAll: { type: 'boolean', description: 'Lets in everybody of this institution.' },
    allowedDomains: {
      type: 'array',
      items: { type: 'string', pattern: '^(\\*\\.)?[^@*]+$' },
      description: 'Lets in people of these domains; `*.example.edu` stands for all below it.',
    },
    allowedDomainsClaim: {
      type: 'string',
      minLength: 1,
      description: 'Claim whose domain counts, such as `email`; the one of the user name unless given.',
    },
    default: { type: 'boolean', description: 'Shown first to people who sign in.' },
  },
  required: ['usernameDerivation'],
  additionalProperties: false,
} as const satisfies OptionSchema;

type IdpInput = Options<typeof idpSchema>;

/**
 * Signs people in with CILogon, through institutions that are named one by one.
 *
 * @example
 * plugins: [cilogonAuthenticator({
 *   clientId: 'cilogon:/client_id/…',
 *   clientSecretEnv: 'CILOGON_CLIENT_SECRET',
 *   allowedIdps: {
 *     'https://idp.example.edu/shibboleth': {
 *       usernameDerivation: { usernameClaim: 'eppn', action: 'strip_idp_domain', domain: 'example.edu' },
 *       allowAll: true,
 *     },
 *   },
 * })]
 */
export const cilogonAuthenticator = definePreset({
  name: '@hub/auth-oauth/cilogon',
  title: 'CILogon',
  properties: {
    allowedIdps: {
      type: 'object',
      additionalProperties: idpSchema,
      description:
        'Institutions people may come from, by entity id (https://cilogon.org/idplist), and how each one makes user names.',
    },
    host: {
      type: 'string',
      pattern: '^[a-zA-Z0-9.-]+(:[0-9]+)?$',
      default: 'cilogon.org',
      description: 'Host of CILogon, such as `test.cilogon.org`.',
    },
    skin: {
      type: 'string',
      minLength: 1,
      description: 'Look of the page where people choose their institution.',
    },
  },
  required: ['allowedIdps'],
  provider({ allowedIdps, host, skin, scopes }) {
    const idps = new Map(Object.entries(allowedIdps));
    refuseMistakes(idps);
    const idpOf = (claims: Claims) => idps.get(textOrNull(claims.idp) ?? '');

    return {
      addresses: { issuer: `https://${host}` },
      scopes: ['openid', 'email', 'profile', 'org.cilogon.userinfo'],
      authorizeParameters: { selected_idp: selection(idps), ...(skin === undefined ? {} : { skin }) },
      clientAuth: 'post',
      userKey: 'cilogon_user',
      // Access tokens end after 15 minutes, and only this scope brings a token to renew them with.
      ...(scopes?.includes('offline_access') ? {} : { refreshable: false as const }),
      usernameClaim: (claims) => rawName(claims, idpOf(claims)),
      nameFrom: (name, claims) => derived(name, idpOf(claims)),
      restrict: ({ claims }) =>
        idpOf(claims) ? null : 'Your institution may not sign in here. Choose another one and sign in again.',
      allow: [
        { name: 'institution', test: ({ claims }) => idpOf(claims)?.allowAll === true },
        { name: 'institution domain', test: ({ claims }) => isOfAllowedDomain(claims, idpOf(claims)) },
      ],
      logoutUrl: () => `https://${host}/logout/`,
    };
  },
});

function rawName(claims: JsonObject, idp: IdpInput | undefined): string | null {
  // Somebody from elsewhere has no derivation: any name will do until they are refused.
  return idp ? textOrNull(claims[idp.usernameDerivation.usernameClaim]) : textOrNull(claims.sub);
}

function derived(name: string, idp: IdpInput | undefined): string {
  const { action, domain = '', prefix = '' } = idp?.usernameDerivation ?? {};
  if (action === 'strip_idp_domain') return withoutDomain(name, domain);
  return action === 'prefix' ? `${prefix}:${name}` : name;
}

function isOfAllowedDomain(claims: JsonObject, idp: IdpInput | undefined): boolean {
  if (!idp) return false;
  const value = textOrNull(claims[idp.allowedDomainsClaim ?? idp.usernameDerivation.usernameClaim]);
  if (value === null) return false;
  const domain = value.includes('@') ? domainOf(value) : value.toLowerCase();
  return (idp.allowedDomains ?? []).some((entry) => {
    const allowed = entry.toLowerCase();
    return allowed.startsWith('*.') ? domain?.endsWith(allowed.slice(1)) : domain === allowed;
  });
}

/** The first one stands at the top of the list, the others have no order. */
function selection(idps: ReadonlyMap<string, IdpInput>): string {
  const ids = [...idps.keys()];
  const first = ids.find((id) => idps.get(id)?.default === true) ?? ids[0];
  return [first, ...ids.filter((id) => id !== first)].join(',');
}

function refuseMistakes(idps: ReadonlyMap<string, IdpInput>): void {
  const problems = [...idps].flatMap(([id, { usernameDerivation }]) => {
    const { action, domain, prefix } = usernameDerivation;
    const found: string[] = [];
    if (!/^(https?:|urn:)/.test(id))
      found.push(`allowedIdps: '${id}' is no entity id; see https://cilogon.org/idplist`);
    if (action === 'strip_idp_domain' && domain === undefined) {
      found.push(`allowedIdps['${id}'].usernameDerivation: strip_idp_domain needs domain`);
    }
    if (action === 'prefix' && prefix === undefined) {
      found.push(`allowedIdps['${id}'].usernameDerivation: prefix needs prefix`);
    }
    return found;
  });
  if (idps.size === 0) problems.push('allowedIdps names no institution');
  if (problems.length === 0) return;
  throw new HubError('HUB_CONFIG_INVALID', `Authenticator for CILogon: ${problems.join('; ')}.`, {
    problems,
  });
}
