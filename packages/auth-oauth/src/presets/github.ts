import type { JsonObject } from '@hub/core/plugin';
import { isObject } from '../claims.ts';
import { definePreset } from '../define-preset.ts';
import { providerUnavailable } from '../errors.ts';
import type { Session, SignedIn } from '../provider.ts';
import {
  objectIn,
  objectsIn,
  oncePerSession,
  subjectAt,
  textIn,
  textOrNull,
  unexpected,
  withheld,
  withoutSlash,
} from './answers.ts';

const title = 'GitHub';
const orgHint =
  'The sign-in needs the scope read:org, and an organisation that restricts applications must have approved this one.';

/**
 * Signs people in with GitHub, or a GitHub Enterprise Server.
 *
 * @example
 * plugins: [githubAuthenticator({
 *   clientId: 'Iv1.8a61f9b3a7aba766',
 *   clientSecretEnv: 'GITHUB_CLIENT_SECRET',
 *   allowedOrganizations: ['analytical-engines', 'royal-society:fellows'],
 * })]
 */
export const githubAuthenticator = definePreset({
  name: '@hub/auth-oauth/github',
  title,
  properties: {
    url: {
      type: 'string',
      format: 'uri',
      default: 'https://github.com',
      description: 'Address of GitHub, or of a GitHub Enterprise Server.',
    },
    apiUrl: {
      type: 'string',
      format: 'uri',
      description: 'Address of its REST API; found from `url` unless given.',
    },
    allowedOrganizations: {
      type: 'array',
      items: { type: 'string', pattern: '^[^:/]+(:[^:/]+)?$' },
      default: [],
      description:
        'Lets in members of these organisations (`org`) and teams (`org:team`), by the names that stand in their addresses.',
    },
    populateTeams: {
      type: 'boolean',
      default: false,
      description:
        'Reads the teams: each becomes the group `org:team`, and auth_state lists them as `teams`.',
    },
  },
  provider({ url, apiUrl, allowedOrganizations, populateTeams, allowedDomains, scopes }) {
    const web = withoutSlash(url);
    const api = withoutSlash(
      apiUrl ?? (web === 'https://github.com' ? 'https://api.github.com' : `${web}/api/v3`),
    );
    const usual = [
      ...(allowedOrganizations.length > 0 || populateTeams ? ['read:org'] : []),
      ...(allowedDomains.length > 0 ? ['user:email'] : []),
    ];
    const asked = scopes ?? usual;
    const readsEmail = asked.includes('user') || asked.includes('user:email');
    const teamsOf = oncePerSession(readTeams);

    return {
      addresses: {
        authorizeUrl: `${web}/login/oauth/authorize`,
        tokenUrl: `${web}/login/oauth/access_token`,
        userinfoUrl: `${api}/user`,
      },
      scopes: usual,
      clientAuth: 'post',
      apiUrl: api,
      apiHeaders: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
      userKey: 'github_user',
      subjectClaim: ({ id }) => subjectAt(web, id),
      usernameClaim: 'login',
      email: async (person) => (readsEmail ? verifiedEmail(person) : null),
      userInfo: ({ claims }) => ({
        name: textOrNull(claims.name),
        email: textOrNull(claims.email),
        picture: textOrNull(claims.avatar_url),
      }),
      ...(populateTeams
        ? {
            groups: async (person: SignedIn) => (await teamsOf(person)).map(groupOf),
            authState: async (person: SignedIn) => ({ teams: [...(await teamsOf(person))] }),
          }
        : {}),
      allow: [{ name: 'organization', test: (person) => isInAny(person, allowedOrganizations) }],
      logoutUrl: () => null,
    };
  },
  warnings({ scopes, allowedOrganizations, populateTeams, allowedGroups, adminGroups, groupsClaim }) {
    const found: string[] = [];
    const asksOrgs =
      scopes === undefined || scopes.some((scope) => /^(read|write|admin):org$|^user$/.test(scope));
    if (!asksOrgs && (allowedOrganizations.length > 0 || populateTeams)) {
      found.push('scopes lacks read:org: without it GitHub tells nothing about organisations and teams.');
    }
    if (allowedGroups.length + adminGroups.length > 0 && !populateTeams && groupsClaim === undefined) {
      found.push('allowedGroups and adminGroups match nobody: groups are read with populateTeams only.');
    }
    return found;
  },
});

interface Team extends JsonObject {
  readonly slug: string;
  readonly organization: JsonObject & { readonly login: string };
}

async function readTeams(session: Session): Promise<readonly Team[]> {
  const list = await session.apiList('/user/teams', { query: { per_page: '100' }, forbiddenHint: orgHint });
  return objectsIn([...list], title, 'teams').map((team) => {
    const organization = objectIn(team, 'organization');
    return {
      id: team.id ?? null,
      name: team.name ?? null,
      slug: textIn(team, 'slug', title, 'teams'),
      organization: { id: organization?.id ?? null, login: textIn(organization, 'login', title, 'teams') },
    };
  });
}

function groupOf({ organization, slug }: Team): string {
  return `${organization.login}:${slug}`;
}

/** An organisation that keeps its list to itself must not hide that another one would let them in. */
async function isInAny(person: SignedIn, wanted: readonly string[]): Promise<boolean> {
  const silent: string[] = [];
  for (const entry of wanted) {
    const member = await isIn(person, entry);
    if (member) return true;
    if (member === null) silent.push(entry);
  }
  if (silent.length === 0) return false;
  throw withheld(`GitHub does not tell who belongs to ${silent.join(', ')}.`, orgHint);
}

/** `null`: GitHub does not say. An invitation that was not accepted is no membership. */
async function isIn(person: SignedIn, entry: string): Promise<boolean | null> {
  const [org = '', team] = entry.split(':').map(encodeURIComponent);
  const login = encodeURIComponent(textIn(person.claims, 'login', title, 'the user'));
  const { status, body } = await person.api(
    team === undefined ? `/user/memberships/orgs/${org}` : `/orgs/${org}/teams/${team}/memberships/${login}`,
  );
  if (status === 404) return false;
  const said = isObject(body) ? textOrNull(body.message) : null;
  if (said?.toLowerCase().includes('rate limit')) {
    throw providerUnavailable('GitHub answers no more questions for now (rate limit).');
  }
  if (status === 403) return null;
  if (status !== 200 || !isObject(body)) throw unexpected(title, `the membership in ${entry}`);
  return textIn(body, 'state', title, `the membership in ${entry}`) === 'active';
}

async function verifiedEmail(
  person: Session,
): Promise<{ readonly address: string; readonly verified: boolean } | null> {
  const { status, body } = await person.api('/user/emails', { query: { per_page: '100' } });
  if (status === 403 || status === 404) return null; // the scope was not granted
  if (status !== 200) throw unexpected(title, 'e-mail addresses');
  const primary = objectsIn(body, title, 'e-mail addresses').find((entry) => entry.primary === true);
  const address = textOrNull(primary?.email);
  return address === null ? null : { address, verified: primary?.verified === true };
}
