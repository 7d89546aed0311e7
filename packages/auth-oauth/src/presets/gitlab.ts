import { isObject } from '../claims.ts';
import { definePreset } from '../define-preset.ts';
import type { SignedIn } from '../provider.ts';
import { textIn, unexpected, withheld, withoutSlash } from './answers.ts';

const title = 'GitLab';

/**
 * Signs people in with GitLab by OpenID Connect. Groups are the full paths of those somebody belongs to, directly or
 * through a group above.
 *
 * @example
 * plugins: [gitlabAuthenticator({
 *   url: 'https://gitlab.example.edu',
 *   clientId: '…',
 *   clientSecretEnv: 'GITLAB_CLIENT_SECRET',
 *   allowedGroups: ['physics/teaching'],
 * })]
 */
export const gitlabAuthenticator = definePreset({
  name: '@hub/auth-oauth/gitlab',
  title,
  properties: {
    url: {
      type: 'string',
      format: 'uri',
      default: 'https://gitlab.com',
      description: 'Address of GitLab, with its path if it has one.',
    },
    allowedProjectIds: {
      type: 'array',
      items: { type: 'integer', minimum: 1 },
      default: [],
      description:
        'Lets in members of these projects. Each costs one more request, and the scope `read_api`.',
    },
    projectAccessLevel: {
      type: 'integer',
      minimum: 5,
      maximum: 50,
      default: 30,
      description:
        'What somebody must be in such a project: 10 guest, 15 planner, 20 reporter, 30 developer, 40 maintainer, 50 owner.',
    },
  },
  provider({ url, allowedProjectIds, projectAccessLevel }) {
    const issuer = withoutSlash(url);
    return {
      addresses: { issuer },
      scopes: ['openid', 'profile', 'email', ...(allowedProjectIds.length > 0 ? ['read_api'] : [])],
      apiUrl: `${issuer}/api/v4`,
      clientAuth: 'post',
      userKey: 'gitlab_user',
      usernameClaim: 'preferred_username',
      groups: ({ claims }) => claims.groups ?? [],
      allow: [
        {
          name: 'project',
          test: (person) => isInAny(person, allowedProjectIds, projectAccessLevel),
        },
      ],
    };
  },
  warnings: ({ scopes, allowedProjectIds }) =>
    allowedProjectIds.length > 0 && scopes && !scopes.some((scope) => scope === 'api' || scope === 'read_api')
      ? ['scopes lacks read_api: without it GitLab tells nothing about projects.']
      : [],
});

async function isInAny(person: SignedIn, projects: readonly number[], level: number): Promise<boolean> {
  if (projects.length === 0) return false;
  const user = encodeURIComponent(textIn(person.claims, 'sub', title, 'the user'));
  for (const project of projects) {
    const { status, body } = await person.api(`/projects/${project}/members/all/${user}`);
    if (status === 404) continue; // no member, or a project they cannot see
    if (status === 401 || status === 403) {
      throw withheld(
        `GitLab does not tell who belongs to project ${project}.`,
        'The application at GitLab must be allowed the scope read_api.',
      );
    }
    const about = `the membership in project ${project}`;
    if (status !== 200 || !isObject(body) || typeof body.access_level !== 'number')
      throw unexpected(title, about);
    if (body.state === 'active' && body.access_level >= level) return true;
  }
  return false;
}
