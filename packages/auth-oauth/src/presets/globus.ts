import { definePreset } from '../define-preset.ts';
import type { Session, SignedIn } from '../provider.ts';
import { domainOf, objectsIn, textIn, textOrNull, unexpected, withheld, withoutDomain } from './answers.ts';

const title = 'Globus';
const groupsServer = 'groups.api.globus.org';
const groupsScope = `urn:globus:auth:scope:${groupsServer}:view_my_groups_and_memberships`;

/**
 * Signs people in with Globus. Groups are the ids of the Globus groups somebody is an active member of.
 *
 * @example
 * plugins: [globusAuthenticator({
 *   clientId: '…',
 *   clientSecretEnv: 'GLOBUS_CLIENT_SECRET',
 *   identityProvider: 'example.edu',
 *   allowedGroups: ['2b7ec7d4-4b0c-11ee-b5c9-7f6f8a9e2c11'],
 * })]
 */
export const globusAuthenticator = definePreset({
  name: '@hub/auth-oauth/globus',
  title,
  properties: {
    identityProvider: {
      type: 'string',
      pattern: '^[^@]+$',
      description: 'Only accounts of this institution, by its domain. It lets nobody in by itself.',
    },
    stripDomain: {
      type: 'boolean',
      description:
        'User names lose their domain; on with `identityProvider`. Else two people could want one name.',
    },
    usernameFromEmail: {
      type: 'boolean',
      default: false,
      description: 'The user name is made of the e-mail address instead of the Globus user name.',
    },
    readGroups: {
      type: 'boolean',
      description: 'Reads the Globus groups; on when `allowedGroups` or `adminGroups` name any.',
    },
  },
  provider(options) {
    const { identityProvider, usernameFromEmail, allowedGroups, adminGroups, groupsClaim } = options;
    const reads =
      options.readGroups ?? (allowedGroups.length + adminGroups.length > 0 && groupsClaim === undefined);
    const strips = options.stripDomain ?? identityProvider !== undefined;
    const claim = usernameFromEmail ? 'email' : 'preferred_username';

    return {
      addresses: { issuer: 'https://auth.globus.org' },
      scopes: ['openid', 'profile', 'email', ...(reads ? [groupsScope] : [])],
      apiUrl: `https://${groupsServer}/v2`,
      clientAuth: 'post',
      userKey: 'globus_user',
      usernameClaim: claim,
      nameFrom: (name) => (strips ? withoutDomain(name, identityProvider ?? domainOf(name) ?? '') : name),
      ...(reads ? { groups: (person: SignedIn) => readGroups(person) } : {}),
      restrict({ claims }) {
        if (identityProvider === undefined) return null;
        const domain = domainOf(textOrNull(claims[claim]) ?? '');
        return domain === identityProvider.toLowerCase()
          ? null
          : `Only accounts of ${identityProvider} may sign in here. Link yours at app.globus.org/account.`;
      },
      logoutUrl({ clientId, returnUrl }) {
        const url = new URL('https://auth.globus.org/v2/web/logout');
        url.searchParams.set('client_id', clientId);
        url.searchParams.set('redirect_uri', returnUrl);
        return url.href;
      },
    };
  },
  warnings: ({ identityProvider, stripDomain }) =>
    stripDomain === true && identityProvider === undefined
      ? [
          'stripDomain without identityProvider: who comes first gets the name, others of the same are refused.',
        ]
      : [],
});

/** Globus gives one token per service; that of the groups is among the others. */
async function readGroups(session: Session): Promise<string[]> {
  const others = objectsIn(session.tokens.other_tokens ?? [], title, 'tokens');
  const token = others.find((other) => other.resource_server === groupsServer);
  if (!token) {
    throw withheld(
      'Globus gave no token for the groups of who signs in.',
      `scopes must hold ${groupsScope}.`,
    );
  }
  const { status, body } = await session.api('/groups/my_groups', {
    token: textIn(token, 'access_token', title, 'tokens'),
  });
  if (status !== 200) throw unexpected(title, 'groups');
  return objectsIn(body, title, 'groups').flatMap((group) => {
    const memberships = objectsIn(group.my_memberships, title, 'memberships');
    // Invitations are listed as well.
    const isActive = memberships.some(({ status: state }) => state === 'active');
    return isActive ? [textIn(group, 'id', title, 'groups')] : [];
  });
}
