import {
  Authenticator,
  Clock,
  definePlugin,
  HubInfo,
  Logger,
  type OptionSchema,
  type Options,
  type PluginFactory,
} from '@hub/core/plugin';
import { createAuthenticator } from './create-authenticator.ts';
import { commonProperties, type OAuthOptions } from './options.ts';
import type { Provider } from './provider.ts';

type Properties = Readonly<Record<string, OptionSchema>>;

/** The schema of a preset's options: the common ones, and its own over them. */
export interface PresetSchema<P, R extends readonly string[]> {
  readonly type: 'object';
  readonly properties: Omit<typeof commonProperties, keyof P> & P;
  readonly required: readonly ('clientId' | R[number])[];
  readonly additionalProperties: false;
}

/** What a preset's author finds: its own options beside the common ones. */
export type PresetOptions<P, R extends readonly string[]> = OAuthOptions &
  Options<{ readonly type: 'object'; readonly properties: P; readonly required: R }>;

/** What is particular to one provider, as a value. */
export interface Preset<P extends Properties = Properties, R extends readonly string[] = readonly string[]> {
  /** The last word is the authenticator's id unless another is given: `@hub/auth-oauth/github`. */
  readonly name: string;
  /** What people call the provider: "Sign in with GitHub". */
  readonly title: string;
  /** Options of its own; one that is also a common one replaces its description or default. */
  readonly properties: P;
  /** Names among `properties` that must be given; `clientId` always must. */
  readonly required?: R;
  /**
   * Makes the provider from the options, once per hub.
   * @throws HubError `HUB_CONFIG_INVALID` for options that contradict each other
   */
  provider(options: PresetOptions<P, R>): Provider;
  /** Remarks on the options, shown at start. */
  warnings?(options: PresetOptions<P, R>): readonly string[];
}

/**
 * Makes an authenticator of a preset. Users call it with options, and with an id when there are several of a kind.
 *
 * @example
 * export const forgeAuthenticator = definePreset({
 *   name: '@hub/auth-oauth/forge',
 *   title: 'Forge',
 *   properties: { url: { type: 'string', default: 'https://forge.example' } },
 *   provider: ({ url }) => ({
 *     addresses: { authorizeUrl: `${url}/authorize`, tokenUrl: `${url}/token`, userinfoUrl: `${url}/api/me` },
 *     scopes: ['read:me'],
 *     userKey: 'forge_user',
 *     subjectClaim: 'id',
 *     usernameClaim: 'login',
 *   }),
 * });
 * // hub.config.ts
 * plugins: [forgeAuthenticator({ clientId: '…', clientSecretEnv: 'FORGE_SECRET' }, { id: 'forge' })]
 */
export function definePreset<const P extends Properties, const R extends readonly string[] = readonly []>(
  preset: Preset<P, R>,
): PluginFactory<Authenticator, PresetSchema<P, R>> & { readonly preset: Preset<P, R> } {
  const schema: PresetSchema<P, R> = {
    type: 'object',
    properties: { ...commonProperties, ...preset.properties },
    required: ['clientId', ...(preset.required ?? [])],
    additionalProperties: false,
  };
  const factory = definePlugin<
    Authenticator,
    PresetSchema<P, R>,
    { log: typeof Logger; clock: typeof Clock; info: typeof HubInfo }
  >({
    name: preset.name,
    api: 1,
    provides: Authenticator,
    options: schema,
    needs: { log: Logger, clock: Clock, info: HubInfo },
    create({ options: checked, id, log, clock, info, lifecycle }) {
      // The hub has checked them against the schema above; TypeScript cannot follow that through a generic `P`.
      const options = checked as unknown as PresetOptions<P, R>;
      return createAuthenticator({
        id,
        title: options.title ?? preset.title,
        options,
        provider: preset.provider(options),
        warnings: preset.warnings?.(options) ?? [],
        log,
        clock,
        lifecycle,
        hubPrefix: info.hubPrefix,
      });
    },
  });
  return Object.assign(factory, { preset });
}
