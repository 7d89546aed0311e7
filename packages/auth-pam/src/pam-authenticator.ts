import { Authenticator, definePlugin, HubError, type Identity, Logger } from '@hub/core/plugin';
import { createPam, isPossibleAccountName, type PamVerdict } from '@hub/posix';
import { configWarnings, requireUsablePam } from './check-surroundings.ts';
import { brokenPam, lookups } from './failures.ts';
import { memberships } from './memberships.ts';
import { type PamAuthenticatorOptions, pamOptions } from './options.ts';
import { systemUsers } from './system-users.ts';

/**
 * Signs people in with the accounts of the system, by PAM (P151–P157). PAM is asked in child processes, never in the
 * hub.
 *
 * @example
 * plugins: [pamAuthenticator({ allowedGroups: ['students'], adminGroups: ['wheel'] })]
 */
export const pamAuthenticator = definePlugin({
  name: '@hub/auth-pam',
  api: 1,
  provides: Authenticator,
  options: pamOptions,
  needs: { log: Logger },
  create({ options, id, lifecycle, log }): Authenticator {
    refuseSessions(id, options);
    const pam = createPam(options);
    const accounts = lookups(pam.accounts);
    const groups = memberships(options, { accounts, log });
    lifecycle.onStart(() => requireUsablePam(id, options, pam));
    lifecycle.onStop(() => pam.close());

    return {
      login: { form: { fields: fieldsOf(options) } },

      async authenticate(request, { username = '', password = '', otp = '' }) {
        const secrets = otp === '' ? [password] : [password, otp];
        const { checkAccount } = options;
        const verdict = await pam.authenticate({ user: username, secrets, checkAccount, rhost: request.ip });
        const fields = { user: shortened(username), ip: request.ip };
        if (verdict.outcome === 'broken') throw brokenPam(id, verdict);
        if (verdict.outcome !== 'accepted') {
          log.info({ ...fields, ...reasonOf(verdict) }, 'PAM lets nobody in');
          return refusal(verdict);
        }
        if (verdict.messages.length > 0) log.debug({ ...fields, said: verdict.messages }, 'PAM had to say');
        if (options.normalizeByUid && !verdict.account) {
          log.info({ ...fields, reason: 'no account' }, 'PAM lets somebody in whom the system does not know');
          return null;
        }
        const subject = verdict.account?.name ?? verdict.user;
        const identity = { name: verdict.user, subject };
        return options.bringGroups ? { ...identity, groups: (await groups.of(subject)) ?? [] } : identity;
      },

      ...(options.normalizeByUid && {
        async normalizeName(name) {
          const account = isPossibleAccountName(name) ? await accounts.accountOf(name) : null;
          // A name the system does not know may still stand in a list; signing in with it is refused (P156, ours).
          return (account && (await accounts.accountWithId(account.uid)))?.name ?? name;
        },
      }),
      validateName: isPossibleAccountName,
      ...(options.allowedGroups.length > 0 && {
        isAllowed: (_name, identity) => groups.isAllowed(accountNameOf(identity)),
      }),
      ...(options.adminGroups.length > 0 && {
        isAdmin: (_name, identity) => groups.isAdmin(accountNameOf(identity)),
      }),
      ...(options.bringGroups && {
        async refresh(_user, _authState, { subject }) {
          const now = await groups.of(subject);
          return now ? { groups: now } : false; // the account is gone
        },
      }),
      onUserAdded: systemUsers(options, { accounts, log }),
      checkConfig: () => configWarnings(options, pam),
    };
  },
});

function refuseSessions(id: string, { openSessions }: PamAuthenticatorOptions): void {
  if (!openSessions) return;
  throw new HubError('HUB_CONFIG_INVALID', `Authenticator ${id}: openSessions cannot be had.`, {
    problems: [
      'openSessions: a PAM session must be opened by the process that launches the server and stays its parent, which a sign-in is not (P155). Leave it out, and name the service at the spawner: localSpawner({ runAs: "user", pamService: "hub-server" })',
    ],
  });
}

function fieldsOf({ requestOtp, otpPrompt }: PamAuthenticatorOptions) {
  const otp = { name: 'otp', label: otpPrompt, required: false };
  return ['username', 'password', ...(requestOtp ? [otp] : [])];
}

/** Whose groups count: the account that signed in, whatever the hub's map makes of its name. */
function accountNameOf({ subject, name }: Identity): string {
  return subject ?? name;
}

type Refused = Exclude<PamVerdict, { readonly outcome: 'accepted' | 'broken' }>;

/**
 * One answer to every refusal (P105). Only who has shown the right password is told that it or the account has
 * expired: nobody learns from it which accounts there are.
 */
function refusal({ outcome }: Refused): null {
  if (outcome === 'password-expired') {
    throw new HubError(
      'HUB_FORBIDDEN',
      'Your password has expired. Change it where else you reach this system, for example with passwd over ssh, then sign in again.',
    );
  }
  if (outcome === 'account-expired') {
    throw new HubError('HUB_FORBIDDEN', 'Your account has expired. Ask those who look after it.');
  }
  return null;
}

function reasonOf(verdict: Refused): object {
  const reason = verdict.outcome === 'refused' ? verdict.reason : verdict.outcome;
  const said = verdict.messages.length > 0 ? { said: verdict.messages } : {};
  return { reason, pam: verdict.message, ...said };
}

/** People type passwords into the wrong field: long names are cut (P153). */
function shortened(name: string): string {
  return name.length > 32 ? `${name.slice(0, 16)}…` : name;
}
