export { authenticatorConformance } from './authenticator-conformance.ts';
export { type ReadyAuthenticator, readyAuthenticator } from './ready-authenticator.ts';
export type {
  AuthenticatorConformanceOptions,
  AuthenticatorSupports,
  AuthenticatorTestFunction,
  AuthenticatorUnderTest,
} from './under-test.ts';
