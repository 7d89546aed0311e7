import { HubError, type JsonValue } from '@hub/core/plugin';
import { isObject } from '../claims.ts';
import { definePreset } from '../define-preset.ts';
import type { SignedIn } from '../provider.ts';
import { objectIn, textOrNull, unexpected, withheld, withoutSlash } from './answers.ts';

const title = 'Microsoft Entra';
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const shared = ['common', 'organizations', 'consumers'];
const publicLogin = 'https://login.microsoftonline.com';

/**
 * Signs people in with Microsoft Entra ID (once Azure AD), endpoint v2.0. Groups are the object ids of the claim
 * `groups`, which the app registration must ask for; who is in too many is looked up in Microsoft Graph.
 *
 * @example
 * plugins: [entraAuthenticator({
 *   tenant: '72f988bf-86f1-41af-91ab-2d7cd011db47',
 *   clientId: '…',
 *   clientSecretEnv: 'ENTRA_CLIENT_SECRET',
 *   allowedGroups: ['5c0b2f0e-7d2f-4c61-9b0a-2f6f3d1f4f3e'],
 * })]
 */
export const entraAuthenticator = definePreset({
  name: '@hub/auth-oauth/entra',
  title: 'Microsoft',
  properties: {
    tenant: {
      type: 'string',
      pattern: '^[a-zA-Z0-9.-]+$',
      description:
        'Id of the tenant (or its domain); `organizations`, `common` or `consumers` for several, with `allowedTenants`.',
    },
    allowedTenants: {
      type: 'array',
      items: { type: 'string', pattern: guid.source.replaceAll('a-f', 'a-fA-F') },
      default: [],
      description:
        'Only accounts of these tenants, by id; needed with a `tenant` that stands for several. It lets nobody in by itself.',
    },
    loginUrl: {
      type: 'string',
      format: 'uri',
      default: publicLogin,
      description: 'Address of the sign-in, another one in national clouds.',
    },
    graphUrl: {
      type: 'string',
      format: 'uri',
      default: 'https://graph.microsoft.com',
      description: 'Address of Microsoft Graph, another one in national clouds.',
    },
    groupOverage: {
      type: 'string',
      enum: ['graph', 'refuse'],
      default: 'graph',
      description:
        'Who is in more groups than a token holds: asked from Microsoft Graph (scope `User.Read`), or refused with an explanation.',
    },
  },
  required: ['tenant'],
  provider({ tenant, allowedTenants, loginUrl, graphUrl, groupOverage, refreshUser }) {
    const login = withoutSlash(loginUrl);
    const graph = withoutSlash(graphUrl);
    const several = shared.includes(tenant.toLowerCase());
    if (several && allowedTenants.length === 0) {
      throw invalid(
        `tenant "${tenant}" lets every organisation sign in under names it chooses itself; name yours in allowedTenants`,
      );
    }
    if (several && login !== publicLogin) {
      throw invalid(
        `tenant "${tenant}" works with ${publicLogin} alone; give the id of a tenant with ${login}`,
      );
    }
    const tenants = [...allowedTenants, ...(guid.test(tenant) ? [tenant] : [])].map((id) => id.toLowerCase());

    return {
      addresses: { issuer: `${login}/${tenant}/v2.0` },
      scopes: [
        'openid',
        'profile',
        'email',
        ...(refreshUser ? ['offline_access'] : []),
        ...(groupOverage === 'graph' ? [`${graph}/User.Read`] : []),
      ],
      apiUrl: `${graph}/v1.0`,
      clientAuth: 'post',
      userKey: 'user',
      // The userinfo endpoint is one of Graph and tells less than the id token.
      async readClaims({ idClaims }) {
        if (!idClaims) throw unexpected(title, 'the id token');
        return idClaims;
      },
      // An object id is unique within its tenant only; `sub` would change with the app registration.
      subjectClaim: ({ tid, oid }) => (textOrNull(tid) && textOrNull(oid) ? `${tid}/${oid}` : null),
      usernameClaim: 'preferred_username',
      groups: (person) => groupsOf(person, groupOverage),
      // Whoever administers a tenant may write any address; it counts where Entra says that it checked the domain.
      email: ({ claims }) => {
        const address = textOrNull(claims.email);
        const checked = claims.xms_edov === true || claims.xms_edov === 1 || claims.xms_edov === '1';
        return address === null ? null : { address, verified: checked };
      },
      restrict: ({ claims }) =>
        tenants.length === 0 || tenants.includes(textOrNull(claims.tid)?.toLowerCase() ?? '')
          ? null
          : 'Accounts of your organisation may not sign in here.',
    };
  },
});

/** A token holds 200 group ids at most; beyond that it says where to ask instead of giving any. */
async function groupsOf(person: SignedIn, overage: 'graph' | 'refuse'): Promise<JsonValue> {
  const { claims } = person;
  const names = objectIn(claims, '_claim_names');
  const tooMany = (names !== undefined && Object.hasOwn(names, 'groups')) || claims.hasgroups === true;
  // Who is in no group has no such claim.
  if (!tooMany) return claims.groups ?? [];
  if (overage === 'refuse') {
    throw withheld(
      'Entra does not list the groups of who signs in: there are too many.',
      'Set groupOverage: "graph", or let the app registration send only the groups assigned to the application.',
    );
  }
  const { status, body } = await person.api('/me/getMemberGroups', { body: { securityEnabledOnly: false } });
  if (status === 401 || status === 403) {
    throw withheld(
      'Microsoft Graph does not tell the groups of who signs in.',
      'The app registration needs the delegated permission User.Read of Microsoft Graph, granted for the tenant.',
    );
  }
  if (status !== 200 || !isObject(body) || !Array.isArray(body.value))
    throw unexpected('Microsoft Graph', 'groups');
  return body.value;
}

function invalid(what: string): HubError {
  return new HubError('HUB_CONFIG_INVALID', `Authenticator for Microsoft Entra: ${what}.`);
}
