import type { HubError, JsonValue } from '@hub/core/plugin';
import { type Claims, isObject } from '../claims.ts';
import { definePreset } from '../define-preset.ts';
import { unexpected, withheld } from './answers.ts';

const title = 'Keycloak';

/**
 * Signs people in with a Keycloak realm. Its groups and roles come into the claims by mappers of the client: "Group
 * Membership" to `groups`, "User Realm Role" and "User Client Role", each with "Add to userinfo" or "Add to ID token".
 *
 * @example
 * plugins: [keycloakAuthenticator({
 *   issuer: 'https://login.example.edu/realms/campus',
 *   clientId: 'hub',
 *   clientSecretEnv: 'KEYCLOAK_SECRET',
 *   realmRoles: true,
 *   allowedGroups: ['hub-user'],
 *   adminGroups: ['hub-admin'],
 * })]
 */
export const keycloakAuthenticator = definePreset({
  name: '@hub/auth-oauth/keycloak',
  title,
  properties: {
    issuer: {
      type: 'string',
      format: 'uri',
      description: 'Address of the realm: `https://<server>/realms/<realm>`, in old versions below `/auth`.',
    },
    realmRoles: {
      type: 'boolean',
      default: false,
      description: 'The roles of the realm (`realm_access.roles`) are groups, too.',
    },
    clientRoles: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description:
        'Client ids whose roles (`resource_access.<client>.roles`) are groups, too: each becomes `<client>:<role>`.',
    },
  },
  required: ['issuer'],
  provider: ({ issuer, realmRoles, clientRoles }) => ({
    addresses: { issuer },
    scopes: ['openid', 'profile', 'email'],
    clientAuth: 'post',
    userKey: 'keycloak_user',
    usernameClaim: 'preferred_username',
    groups: ({ claims }) => groupsIn(claims, realmRoles, clientRoles),
  }),
});

/** The claim as it is, unless roles join it. */
function groupsIn(claims: Claims, realmRoles: boolean, clientRoles: readonly string[]): JsonValue {
  const groups = claims.groups ?? [];
  if (!realmRoles && clientRoles.length === 0) return groups;
  // Who has no role of a client has no such claim; everybody has a role of the realm.
  if (realmRoles && !isObject(claims.realm_access)) throw unmapped('realm_access', 'User Realm Role');
  const access = isObject(claims.resource_access) ? claims.resource_access : {};
  const ofClient = (client: string) => (Object.hasOwn(access, client) ? rolesIn(access[client]) : null);
  return [
    ...listed(groups, 'groups'),
    ...(realmRoles ? listed(rolesIn(claims.realm_access), 'roles of the realm') : []),
    ...clientRoles.flatMap((client) =>
      listed(ofClient(client), `roles of ${client}`).map((role) => `${client}:${role}`),
    ),
  ];
}

function rolesIn(access: JsonValue | undefined): JsonValue | undefined {
  return isObject(access) ? access.roles : undefined;
}

function listed(value: JsonValue | undefined, what: string): readonly string[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw unexpected(title, what);
  return value.map((entry) => {
    if (typeof entry !== 'string') throw unexpected(title, what);
    return entry;
  });
}

function unmapped(claim: string, mapper: string): HubError {
  return withheld(
    `Keycloak sends no claim ${claim}.`,
    `Give the client a mapper "${mapper}" with the token claim name ${claim}.roles and "Add to userinfo" on.`,
  );
}
