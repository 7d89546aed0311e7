import { Authenticator, definePlugin, HubError, Logger } from '@hub/core/plugin';
import { equalPasswords } from './equal-passwords.ts';

/**
 * One password for all users and a longer one for administrators (P162). For workshops.
 *
 * @example
 * plugins: [sharedPasswordAuthenticator({
 *   userPassword: process.env.WORKSHOP_PASSWORD,
 *   adminPassword: process.env.WORKSHOP_ADMIN_PASSWORD,
 *   admins: ['ada'],
 * })]
 */
export const sharedPasswordAuthenticator = definePlugin({
  name: '@hub/auth-simple/shared',
  api: 1,
  provides: Authenticator,
  options: {
    type: 'object',
    properties: {
      userPassword: {
        type: 'string',
        secret: true,
        description:
          'Password of everybody who is no administrator, at least 8 characters. Without it they cannot sign in.',
      },
      adminPassword: {
        type: 'string',
        secret: true,
        description: 'Password of those in `admins`, at least 32 characters. Without it they cannot sign in.',
      },
      admins: {
        type: 'array',
        items: { type: 'string' },
        default: [],
        description: 'Names that need `adminPassword` and become administrators; nobody else does.',
      },
      groupPasswords: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            password: { type: 'string', secret: true },
            groups: { type: 'array', items: { type: 'string' } },
          },
          required: ['password', 'groups'],
          additionalProperties: false,
        },
        default: [],
        description: 'Further passwords, each of which puts who uses it into groups. Needs managed groups.',
      },
    },
    additionalProperties: false,
  },
  needs: { log: Logger },
  create({ options, id, log }): Authenticator {
    refuseWeak(id, options);
    const { userPassword, adminPassword, groupPasswords } = options;
    const admins = new Set(options.admins.map(normal));

    return {
      login: { form: { fields: ['username', 'password'] } },
      letsEverybodyIn: true,
      normalizeName: normal,
      async authenticate(_request, { username = '', password = '' }) {
        const name = normal(username);
        if (name === '') return null;
        // All are compared, always: the time must not tell whether a name is an administrator's.
        const isAdminPassword = equalPasswords(password, adminPassword);
        const isUserPassword = equalPasswords(password, userPassword);
        const groups = groupPasswords.filter((group) => equalPasswords(password, group.password));

        if (admins.has(name)) return isAdminPassword ? { name, admin: true } : null;
        if (isUserPassword)
          return { name, admin: false, ...(groupPasswords.length > 0 ? { groups: [] } : {}) };
        if (groups.length > 0) return { name, admin: false, groups: groups.flatMap((group) => group.groups) };
        if (isAdminPassword) log.warn({ user: name }, 'administrator password used by somebody who is none');
        return null;
      },
      checkConfig: () => warnings(options),
    };
  },
});

interface Passwords {
  readonly userPassword?: string | undefined;
  readonly adminPassword?: string | undefined;
  readonly admins: readonly string[];
  readonly groupPasswords: readonly { readonly password: string }[];
}

/** The names as the hub compares them: an administrator's in capitals is still an administrator's (P162). */
function normal(name: string): string {
  return name.toLowerCase();
}

function refuseWeak(id: string, { userPassword, adminPassword, groupPasswords }: Passwords): void {
  const problems: string[] = [];
  if (userPassword !== undefined && userPassword.length < 8)
    problems.push('userPassword must have at least 8 characters');
  if (adminPassword !== undefined && adminPassword.length < 32)
    problems.push('adminPassword must have at least 32 characters');
  if (userPassword !== undefined && userPassword === adminPassword)
    problems.push('adminPassword must differ from userPassword');
  groupPasswords.forEach(({ password }, index) => {
    if (password.length < 8)
      problems.push(`groupPasswords[${index}].password must have at least 8 characters`);
    if (password === adminPassword || password === userPassword) {
      problems.push(`groupPasswords[${index}].password must differ from userPassword and adminPassword`);
    }
  });
  if (problems.length === 0) return;
  throw new HubError('HUB_CONFIG_INVALID', `Authenticator ${id}: ${problems.join('; ')}.`, { problems });
}

function warnings({ userPassword, adminPassword, admins, groupPasswords }: Passwords): readonly string[] {
  const found: string[] = [];
  if (userPassword === undefined && groupPasswords.length === 0) {
    found.push('No userPassword is set: only administrators can sign in.');
  }
  if (admins.length > 0 && adminPassword === undefined) {
    found.push('admins are named, but without adminPassword none of them can sign in.');
  }
  if (admins.length === 0 && adminPassword !== undefined) {
    found.push('adminPassword is set, but admins names nobody who could use it.');
  }
  return found;
}
