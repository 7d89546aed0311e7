import { ContainerModule } from 'inversify';
import { Grants } from '../../access/index.ts';
import {
  Activity,
  ActivityStore,
  accessRules,
  CredentialStore,
  Credentials,
  GroupStore,
  Groups,
  LastSeen,
  LoginStore,
  Logins,
  OAuthClients,
  OAuthCodes,
  OAuthStore,
  Refusals,
  SignIn,
  SignInFailures,
  StoredScopes,
  Throttle,
  TokenStore,
  Tokens,
  type UserNames,
  UserStore,
  Users,
} from '../../accounts/index.ts';
import { Events, Ids, LaterKeyedDigest, UnitOfWork } from '../../kernel/index.ts';
import { Clock, Logger } from '../../plugin/index.ts';
import { scopesOfRole } from '../check-accounts.ts';
import type { HubHooks } from '../hooks.ts';
import { longestLives } from '../longest-lives.ts';
import { services } from '../tokens.ts';
import type { Given } from './given.ts';
import { once } from './once.ts';

/** Users, tokens, logins, and the way in. */
export function accountsModule({ settings, accounts }: Given, hooks: HubHooks): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(services.lastSeen).toResolvedValue(
      (store, clock, log) =>
        new LastSeen({ store, clock, log, activityResolution: settings.activityResolution }),
      [ActivityStore, Clock, Logger],
    );
    bind(services.credentials).toResolvedValue(
      (store, grants, table, lastSeen) => new Credentials({ store, grants, table, lastSeen }),
      [CredentialStore, Grants, services.scopeTable, services.lastSeen],
    );
    bind(services.accessRules).toResolvedValue(
      (authenticators) => {
        const { allowExisting, ...rest } = settings.access;
        return once(() =>
          accessRules(
            { ...rest, ...(allowExisting === null ? {} : { allowExisting }) },
            authenticators,
            accounts.named,
          ),
        );
      },
      [services.authenticators],
    );
    bind(services.users).toResolvedValue(
      (store, scopes, authStates, work, events, rules) =>
        new Users({ store, scopes, authStates, work, events, names: laterNames(rules) }),
      [UserStore, StoredScopes, services.authStates, UnitOfWork, Events, services.accessRules],
    );
    bind(services.groups).toResolvedValue(
      (store, work, rules) => new Groups({ store, work, names: laterNames(rules) }),
      [GroupStore, UnitOfWork, services.accessRules],
    );
    bind(services.tokens).toResolvedValue(
      (store, grants, table, work, events, ids) =>
        new Tokens({
          store,
          grants,
          table,
          work,
          events,
          ids,
          defaultScopes: scopesOfRole(accounts, 'token'),
          lives: longestLives(settings),
        }),
      [TokenStore, Grants, services.scopeTable, UnitOfWork, Events, Ids],
    );
    bind(services.logins).toResolvedValue(
      (store, tokens, work, events, clock, ids) =>
        new Logins({ store, tokens, work, events, clock, ids, lives: longestLives(settings) }),
      [LoginStore, TokenStore, UnitOfWork, Events, Clock, Ids],
    );
    bind(services.activity).toResolvedValue(
      (store, lastSeen) => new Activity({ store, lastSeen }),
      [ActivityStore, services.lastSeen],
    );
    bind(services.oauthClients).toResolvedValue((store) => new OAuthClients({ store }), [OAuthStore]);
    bind(services.oauthCodes).toResolvedValue(
      (store, ids) => new OAuthCodes({ store, ids }),
      [OAuthStore, Ids],
    );
    bind(services.keyedDigest).toResolvedValue(() => new LaterKeyedDigest(), []);
    bind(services.throttle).toResolvedValue(
      (failures, digest, clock, log) =>
        new Throttle({
          failures,
          digest,
          settings: settings.signIn.throttle,
          clock,
          log,
          pluginTimeout: settings.servers.hookTimeout,
        }),
      [SignInFailures, services.keyedDigest, Clock, Logger],
    );
    bind(services.refusals).toResolvedValue(
      (users, work, events, clock, ids, digest) => {
        const { refusalSeconds } = settings.signIn;
        return new Refusals({ users, work, events, clock, ids, digest, refusalSeconds });
      },
      [UserStore, UnitOfWork, Events, Clock, Ids, services.keyedDigest],
    );
    bind(services.signIn).toResolvedValue(
      (authenticators, rules, store, users, logins, work, events, clock, log, throttle, refusals, steps) =>
        once(async () => {
          const known = { authenticators, rules: await rules(), store, users, logins, work, events, clock };
          return new SignIn({
            ...known,
            log: log.child({ part: 'sign-in' }),
            throttle,
            refusals,
            steps,
            postAuth: hooks.postAuth ?? null,
            pluginTimeout: settings.servers.hookTimeout,
          });
        }),
      [
        services.authenticators,
        services.accessRules,
        UserStore,
        services.users,
        services.logins,
        UnitOfWork,
        Events,
        Clock,
        Logger,
        services.throttle,
        services.refusals,
        services.signInSteps,
      ],
    );
  });
}

/** Names follow rules that take a moment to read: an authenticator may normalise them with a question to the system. */
function laterNames(rules: () => Promise<{ readonly names: UserNames }>): UserNames {
  let known: UserNames | null = null;
  return {
    async normalise(name) {
      known ??= (await rules()).names;
      return known.normalise(name);
    },
    isValid: (name) => known?.isValid(name) ?? false,
  };
}
