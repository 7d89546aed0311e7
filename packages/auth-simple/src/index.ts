export { dummyAuthenticator } from './dummy-authenticator.ts';
export { nullAuthenticator } from './null-authenticator.ts';
export { sharedPasswordAuthenticator } from './shared-password-authenticator.ts';
