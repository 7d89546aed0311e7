import { definePreset } from '../define-preset.ts';
import type { SignedIn } from '../provider.ts';
import { domainOf, textIn, textOrNull, withheld, withoutDomain } from './answers.ts';
import { googleGroups, readServiceAccount } from './google-directory.ts';

const title = 'Google';

/**
 * Signs people in with Google. Whose account an organisation manages is told by the claim `hd`, never by the address.
 *
 * @example
 * plugins: [googleAuthenticator({
 *   clientId: '….apps.googleusercontent.com',
 *   clientSecretEnv: 'GOOGLE_CLIENT_SECRET',
 *   hostedDomain: ['example.edu'],
 *   allowedHostedDomains: ['example.edu'],
 * })]
 */
export const googleAuthenticator = definePreset({
  name: '@hub/auth-oauth/google',
  title,
  properties: {
    hostedDomain: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description:
        'Only accounts that these Google Workspace organisations manage, by domain. It lets nobody in by itself.',
    },
    allowedHostedDomains: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description: 'Lets in everybody whose account one of these organisations manages.',
    },
    stripDomain: {
      type: 'boolean',
      description:
        'User names lose a domain that `hostedDomain` names; on when that is one. With several, two people could want one name.',
    },
    directories: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        properties: {
          serviceAccountFile: {
            type: 'string',
            minLength: 1,
            description: 'JSON key file of a service account with domain-wide delegation.',
          },
          administrator: {
            type: 'string',
            pattern: '^[^@]+@[^@]+$',
            description: 'E-mail address of the administrator it acts for.',
          },
        },
        required: ['serviceAccountFile', 'administrator'],
        additionalProperties: false,
      },
      default: {},
      description:
        'By domain: who may read the groups of that organisation. Groups are called by their e-mail addresses.',
    },
    includeNestedGroups: {
      type: 'boolean',
      default: false,
      description: 'Groups that those of somebody are members of count, too.',
    },
  },
  provider(options) {
    const { directories, includeNestedGroups, authorizeParameters } = options;
    const hosted = options.hostedDomain.map((domain) => domain.toLowerCase());
    const allowed = options.allowedHostedDomains.map((domain) => domain.toLowerCase());
    const strips = options.stripDomain ?? hosted.length === 1;
    const byDomain = new Map(
      Object.entries(directories).map(([domain, entry]) => [domain.toLowerCase(), entry]),
    );
    for (const { serviceAccountFile } of byDomain.values()) readServiceAccount(serviceAccountFile);

    return {
      addresses: { issuer: 'https://accounts.google.com' },
      scopes: ['openid', 'profile', 'email'],
      // Google then offers accounts of the organisation first; what counts is the claim.
      ...(hosted.length > 0
        ? { authorizeParameters: { hd: hosted.length === 1 ? (hosted[0] ?? '*') : '*' } }
        : {}),
      apiUrl: 'https://admin.googleapis.com/admin/directory/v1',
      clientAuth: 'post',
      userKey: 'google_user',
      // Access tokens end after an hour, and only this brings a token to renew them with.
      ...(authorizeParameters.access_type === 'offline' ? {} : { refreshable: false as const }),
      usernameClaim: 'email',
      nameFrom: (name) => {
        const domain = domainOf(name);
        return strips && domain !== null && hosted.includes(domain) ? withoutDomain(name, domain) : name;
      },
      ...(byDomain.size > 0
        ? {
            groups: async (person: SignedIn) => {
              const directory = byDomain.get(hostedDomainOf(person) ?? '');
              if (!directory) return [];
              return googleGroups(
                person,
                directory,
                textIn(person.claims, 'sub', title, 'the user'),
                includeNestedGroups,
              );
            },
          }
        : {}),
      restrict(person) {
        if (person.claims.email_verified !== true) return 'Your e-mail address is not verified at Google.';
        if (hosted.length === 0 || hosted.includes(hostedDomainOf(person) ?? '')) return null;
        return `Only accounts of ${options.hostedDomain.join(', ')} may sign in here.`;
      },
      allow: [{ name: 'hosted domain', test: (person) => allowed.includes(hostedDomainOf(person) ?? '') }],
      logoutUrl: () => null,
    };
  },
  warnings({ hostedDomain, stripDomain, allowedGroups, adminGroups, directories, groupsClaim }) {
    const found: string[] = [];
    if (stripDomain === true && hostedDomain.length > 1) {
      found.push(
        'stripDomain with several domains: who comes first gets the name, others of the same are refused.',
      );
    }
    if (
      allowedGroups.length + adminGroups.length > 0 &&
      Object.keys(directories).length === 0 &&
      groupsClaim === undefined
    ) {
      found.push('allowedGroups and adminGroups match nobody: Google tells groups by directories only.');
    }
    return found;
  },
});

/** From the id token, whose signature was checked; null for a private account. */
function hostedDomainOf({ idClaims }: SignedIn): string | null {
  if (!idClaims) throw withheld('Google gave no id token.', 'scopes must hold openid.');
  return textOrNull(idClaims.hd)?.toLowerCase() ?? null;
}
