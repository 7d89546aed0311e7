export type { Claims } from './claims.ts';
export { definePreset, type Preset, type PresetOptions, type PresetSchema } from './define-preset.ts';
export type { Fetch } from './http.ts';
export { oauth2Authenticator } from './oauth2-authenticator.ts';
export { oidcAuthenticator } from './oidc-authenticator.ts';
export type { OAuthOptions } from './options.ts';
export * from './presets/index.ts';
export type {
  AllowRule,
  ApiAnswer,
  ApiOptions,
  Provider,
  ProviderAddresses,
  Session,
  SignedIn,
} from './provider.ts';
