import type {
  Awaitable,
  Identity,
  JsonObject,
  LaunchView,
  PluginInstance,
  ProgressEvent,
  RequestView,
  ServerView,
  UserView,
} from '../plugin/index.ts';
import type { Failure, LaunchOverrides } from '../servers/index.ts';
import { mayDiffer, sharedOverrideProblems } from './override-problems.ts';

/** What members of groups get instead of a spawner's options (P231): in the order of its keys, for any group named. */
export type GroupOverrides = Readonly<
  Record<string, { readonly groups: readonly string[]; readonly overrides: LaunchOverrides }>
>;

/** Changes to a launch, or nothing. */
type Changes = Awaitable<LaunchOverrides | undefined>;

/** Functions of the operator's own that the hub calls; each has the time of `servers.hookTimeout`. */
export interface HubHooks {
  /**
   * Asked about everybody who signs in, last of all and only about those whom the rules let in (P101). Sees the name
   * and the admin flag as they were decided; answers with the identity, changed or as it was, or with `null` to
   * refuse. A HubError below 500 is shown to the visitor. The subject stays what the authenticator said, and another
   * name is refused where it is not valid, blocked, or somebody else's.
   *
   * @example
   * hooks: { postAuth: (identity, { authenticator }) => (authenticator === 'github' ? { ...identity, admin: false } : identity) }
   */
  readonly postAuth?: (
    identity: Identity,
    about: { readonly authenticator: string; readonly request: RequestView },
  ) => Awaitable<Identity | null>;
  /**
   * What is kept of somebody who signs in or was refreshed, given what the authenticator brought and what is kept so
   * far (P133); `null` keeps nothing. Asked only while auth_state is kept (`signIn.authState`).
   */
  readonly reconcileAuthState?: (
    identity: Identity,
    existing: JsonObject | null,
    about: { readonly authenticator: string },
  ) => Awaitable<JsonObject | null>;

  /**
   * Before each start, given the auth_state of the identity the user signed in with last, or null (P134). The first
   * of those that may change a launch; each answers with options that replace the spawner's for this one launch,
   * where maps are merged and `null` deletes (P220). What it throws fails the start.
   *
   * @example
   * hooks: { authState: (_launch, state) => ({ environment: { UPSTREAM_TOKEN: String(state?.accessToken ?? '') } }) }
   */
  readonly authState?: (launch: LaunchView, state: JsonObject | null) => Changes;
  /**
   * Options for members of groups, as a value or a function of the launch (P231).
   *
   * @example
   * hooks: { groupOverrides: { '10-gpu': { groups: ['ml'], overrides: { memLimit: '32G', environment: { CUDA: '1' } } } } }
   */
  readonly groupOverrides?: GroupOverrides | ((launch: LaunchView) => Awaitable<GroupOverrides>);
  /**
   * What the options a user chose do (P232): a map from the chosen option to the spawner's, or a function that
   * answers with the spawner's. Wrong values are answered with 400.
   *
   * @example
   * hooks: { applyUserOptions: { memory: 'memLimit' } }
   */
  readonly applyUserOptions?:
    | Readonly<Record<string, string>>
    | ((chosen: JsonObject, launch: LaunchView) => Changes);
  /**
   * The last word before the spawner starts a server (`pre_spawn_hook`). To refuse with a sentence for the user, throw
   * `spawnRefusal('…')`.
   */
  readonly beforeSpawn?: (launch: LaunchView) => Changes;
  /**
   * How many named servers a user may have, in place of `servers.limit`; 0 is no limit (P238).
   *
   * @example
   * hooks: { namedServerLimit: ({ groups }) => (groups.includes('staff') ? 20 : 2) }
   */
  readonly namedServerLimit?: (user: UserView) => Awaitable<number>;
  /**
   * Rewrites the event that tells those who wait that a server is ready (P210, R89), each time it is told. When it
   * fails, the event is told as it was.
   *
   * @example
   * hooks: { progressReady: (event, { user }) => ({ ...event, message: `Welcome back, ${user}` }) }
   */
  readonly progressReady?: (
    event: ProgressEvent,
    about: { readonly user: string; readonly server: string },
  ) => Awaitable<ProgressEvent>;
  /** A server is ready. Nobody waits for it, and what it throws is logged. */
  readonly afterSpawn?: (server: ServerView) => Awaitable<void>;
  /** A start failed or was refused; why is recorded. What it throws is logged. */
  readonly onSpawnFailure?: (failure: Failure, server: ServerView) => Awaitable<void>;
  /** After every stop and every failed start, before the authenticators' `afterStop`. What it throws is logged. */
  readonly afterStop?: (server: ServerView) => Awaitable<void>;
}

const known = {
  postAuth: true,
  reconcileAuthState: true,
  authState: true,
  groupOverrides: true,
  applyUserOptions: true,
  beforeSpawn: true,
  progressReady: true,
  namedServerLimit: true,
  afterSpawn: true,
  onSpawnFailure: true,
  afterStop: true,
} as const satisfies Record<keyof HubHooks, true>;

/** What is wrong with the hooks of a configuration, as far as can be seen without calling them. */
export function hookProblems(hooks: HubHooks, spawners: readonly PluginInstance[]): readonly string[] {
  return Object.entries(hooks).flatMap(([name, hook]: [string, unknown]) => {
    if (!Object.hasOwn(known, name))
      return [`hooks: there is no hook "${name}"; those there are: ${Object.keys(known).join(', ')}.`];
    if (typeof hook === 'function' || hook === undefined) return [];
    if (name === 'applyUserOptions') return mapProblems(hook, spawners);
    if (name === 'groupOverrides') return groupProblems(hook, spawners);
    return [`hooks.${name} must be a function.`];
  });
}

function mapProblems(hook: unknown, spawners: readonly PluginInstance[]): readonly string[] {
  const isMap = isObject(hook) && Object.values(hook).every((option) => typeof option === 'string');
  if (!isMap) {
    return [
      'hooks.applyUserOptions must be a function, or a map from chosen options to options of the spawner.',
    ];
  }
  return Object.entries(hook).flatMap(([chosen, option]) => {
    if (spawners.some((spawner) => mayDiffer(spawner, String(option)))) return [];
    return [
      `hooks.applyUserOptions.${chosen}: "${option}" is no option of a spawner that can differ by launch.`,
    ];
  });
}

/** Functions among the values are looked at when they were called, for each launch. */
function groupProblems(hook: unknown, spawners: readonly PluginInstance[]): readonly string[] {
  if (!isObject(hook)) return ['hooks.groupOverrides must be a function or a map.'];
  return Object.entries(hook).flatMap(([key, entry]) => {
    const where = `hooks.groupOverrides.${key}`;
    const { groups, overrides } = isObject(entry) ? entry : {};
    const isRight = Array.isArray(groups) && groups.every((group) => typeof group === 'string');
    if (isRight && isObject(overrides)) return sharedOverrideProblems(spawners, overrides, where);
    return [`${where} must have \`groups\`, a list of names, and \`overrides\`, a map of options.`];
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
