import { definePreset } from '../define-preset.ts';
import { subjectAt, textOrNull, withoutSlash } from './answers.ts';

/**
 * Signs people in with a wiki whose OAuth extension speaks OAuth 2, such as Wikimedia's. Names keep their capitals, and
 * spaces become underscores.
 *
 * @example
 * plugins: [mediawikiAuthenticator({
 *   restUrl: 'https://meta.wikimedia.org/w/rest.php',
 *   clientId: '…',
 *   clientSecretEnv: 'MEDIAWIKI_CLIENT_SECRET',
 *   allowedGroups: ['autoconfirmed'],
 * })]
 */
export const mediawikiAuthenticator = definePreset({
  name: '@hub/auth-oauth/mediawiki',
  title: 'MediaWiki',
  properties: {
    restUrl: {
      type: 'string',
      format: 'uri',
      default: 'https://meta.wikimedia.org/w/rest.php',
      description: "Address of the wiki's `rest.php`.",
    },
    allowBlocked: {
      type: 'boolean',
      default: false,
      description: 'Lets in people who are blocked on the wiki, too.',
    },
  },
  provider({ restUrl, allowBlocked }) {
    const rest = withoutSlash(restUrl);
    const oauth = `${rest}/oauth2`;
    return {
      addresses: {
        authorizeUrl: `${oauth}/authorize`,
        tokenUrl: `${oauth}/access_token`,
        userinfoUrl: `${oauth}/resource/profile`,
      },
      scopes: [],
      clientAuth: 'post',
      userKey: 'MEDIAWIKI_USER_IDENTITY',
      // 0 stands for everybody without a central account.
      subjectClaim: ({ sub }) => (sub === '0' ? null : subjectAt(rest, sub)),
      usernameClaim: 'username',
      nameFrom: underscored,
      normalizeName: underscored,
      groups: ({ claims }) => claims.groups ?? [],
      email: ({ claims }) => {
        const address = textOrNull(claims.email);
        return address === null ? null : { address, verified: claims.confirmed_email === true };
      },
      userInfo: ({ claims }) => ({ name: textOrNull(claims.realname), email: textOrNull(claims.email) }),
      restrict: ({ claims }) =>
        allowBlocked || claims.blocked === false ? null : 'Your account is blocked on the wiki.',
      logoutUrl: () => null,
    };
  },
});

/** The wiki takes both for the same name and shows the one with spaces. */
function underscored(name: string): string {
  return name.replaceAll(' ', '_');
}
