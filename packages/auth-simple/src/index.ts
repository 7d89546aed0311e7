export { dummyAuthenticator } from './dummy-authenticator.ts';
export { sharedPasswordAuthenticator } from './shared-password-authenticator.ts';
