export { authenticatorConformance } from './authenticator-conformance.ts';
export type {
  AuthenticatorSupports,
  AuthenticatorTestFunction,
  AuthenticatorUnderTest,
} from './under-test.ts';
