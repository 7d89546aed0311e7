export { pamAuthenticator } from './pam-authenticator.ts';
