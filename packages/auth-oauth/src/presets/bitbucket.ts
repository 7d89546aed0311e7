import type { JsonObject } from '@hub/core/plugin';
import { isObject } from '../claims.ts';
import { definePreset } from '../define-preset.ts';
import type { Session, SignedIn } from '../provider.ts';
import {
  allPages,
  objectIn,
  objectsIn,
  oncePerSession,
  textIn,
  textOrNull,
  unexpected,
  withheld,
} from './answers.ts';

const title = 'Bitbucket';

/**
 * Signs people in with Bitbucket Cloud. What may be read is set where the OAuth consumer was made: it needs the
 * permission "Account: Read", for `allowedDomains` also "Account: Email".
 *
 * @example
 * plugins: [bitbucketAuthenticator({
 *   clientId: '…',
 *   clientSecretEnv: 'BITBUCKET_CLIENT_SECRET',
 *   allowedWorkspaces: ['analytical-engines'],
 * })]
 */
export const bitbucketAuthenticator = definePreset({
  name: '@hub/auth-oauth/bitbucket',
  title,
  properties: {
    allowedWorkspaces: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description: 'Lets in members of these workspaces, by the name that stands in their addresses.',
    },
    workspacesAsGroups: {
      type: 'boolean',
      default: false,
      description: 'The workspaces somebody belongs to are their groups.',
    },
  },
  provider({ allowedWorkspaces, workspacesAsGroups, allowedDomains }) {
    const workspacesOf = oncePerSession(readWorkspaces);
    return {
      addresses: {
        authorizeUrl: 'https://bitbucket.org/site/oauth2/authorize',
        tokenUrl: 'https://bitbucket.org/site/oauth2/access_token',
        userinfoUrl: 'https://api.bitbucket.org/2.0/user',
      },
      scopes: [],
      apiUrl: 'https://api.bitbucket.org/2.0',
      clientAuth: 'post',
      userKey: 'bitbucket_user',
      subjectClaim: 'uuid',
      usernameClaim: 'username',
      email: async (person) => (allowedDomains.length > 0 ? confirmedEmail(person) : null),
      userInfo: ({ claims }) => ({
        name: textOrNull(claims.display_name),
        picture: textOrNull(avatarOf(claims)),
      }),
      ...(workspacesAsGroups
        ? { groups: async (person: SignedIn) => [...(await workspacesOf(person))] }
        : {}),
      allow: [
        {
          name: 'workspace',
          test: async (person) => {
            if (allowedWorkspaces.length === 0) return false;
            const workspaces = await workspacesOf(person);
            return allowedWorkspaces.some((wanted) => workspaces.includes(wanted.toLowerCase()));
          },
        },
      ],
      logoutUrl: () => null,
    };
  },
  warnings: ({ allowedGroups, adminGroups, workspacesAsGroups, groupsClaim }) =>
    allowedGroups.length + adminGroups.length > 0 && !workspacesAsGroups && groupsClaim === undefined
      ? ['allowedGroups and adminGroups match nobody: groups are read with workspacesAsGroups only.']
      : [],
});

/** By their slug: the name beside it may be changed to that of another. */
async function readWorkspaces(session: Session): Promise<readonly string[]> {
  const entries = await readAll(session, '/user/workspaces', 'workspaces');
  return entries.map((entry) =>
    textIn(objectIn(entry, 'workspace'), 'slug', title, 'workspaces').toLowerCase(),
  );
}

async function confirmedEmail(
  session: Session,
): Promise<{ readonly address: string; readonly verified: boolean } | null> {
  const entries = await readAll(session, '/user/emails', 'e-mail addresses');
  const primary = entries.find((entry) => entry.is_primary === true);
  const address = textOrNull(primary?.email);
  return address === null ? null : { address, verified: primary?.is_confirmed === true };
}

function readAll(session: Session, path: string, what: string): Promise<readonly JsonObject[]> {
  return allPages(title, what, `${path}?pagelen=100`, async (address) => {
    const { status, body } = await session.api(address);
    if (status === 401 || status === 403) {
      throw withheld(
        `Bitbucket does not tell the ${what} of who signs in.`,
        'Give the OAuth consumer the permission to read accounts; for e-mail addresses that to read those, too.',
      );
    }
    if (status !== 200 || !isObject(body)) throw unexpected(title, what);
    return { entries: objectsIn(body.values, title, what), next: textOrNull(body.next) };
  });
}

function avatarOf(claims: JsonObject): JsonObject[string] {
  const links = objectIn(claims, 'links');
  const avatar = links ? objectIn(links, 'avatar') : undefined;
  return avatar?.href ?? null;
}
