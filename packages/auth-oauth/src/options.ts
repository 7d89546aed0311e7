import { hook, type Options } from '@hub/core/plugin';
import type { Claims } from './claims.ts';

/** Options that every authenticator of this package has. */
export const commonProperties = {
  clientId: { type: 'string', minLength: 1, description: 'What the provider calls this hub.' },
  clientSecret: {
    type: 'string',
    minLength: 1,
    secret: true,
    description: 'The secret that belongs to `clientId`.',
  },
  clientSecretFile: {
    type: 'string',
    minLength: 1,
    description: 'A file that holds the secret; read again whenever the provider is asked for its addresses.',
  },
  clientSecretEnv: {
    type: 'string',
    minLength: 1,
    description: 'Name of an environment variable that holds the secret.',
  },
  clientAuth: {
    type: 'string',
    enum: ['basic', 'post', 'none', 'private_key_jwt'],
    description:
      'How the hub proves at the token endpoint who it is. Unless given: `basic` with a secret, `private_key_jwt` with `privateKeyFile`, else `none`.',
  },
  privateKeyFile: {
    type: 'string',
    minLength: 1,
    description: 'A file with a private key as JWK (JSON), for `clientAuth: "private_key_jwt"`.',
  },
  callbackUrl: {
    type: 'string',
    format: 'uri',
    description: "The address registered at the provider; the hub's own `…/hub/oauth_callback` unless given.",
  },
  scopes: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    description: 'Scopes to ask for, instead of the usual ones.',
  },
  authorizeParameters: {
    type: 'object',
    additionalProperties: { type: 'string' },
    default: {},
    description: 'Further parameters of the authorization request, such as `{ prompt: "login" }`.',
  },
  pkce: {
    type: 'boolean',
    default: true,
    description: 'Proof key for code exchange (S256). Off only for providers that refuse it.',
  },
  title: {
    type: 'string',
    minLength: 1,
    description: 'What people call the provider, on the button and in messages.',
  },
  buttonLabel: { type: 'string', minLength: 1, description: 'Text of the button on the login page.' },
  autoLogin: {
    anyOf: [{ type: 'boolean' }, { const: 'oauth-authorize' }],
    default: false,
    description:
      'Nobody is shown the login page; `"oauth-authorize"`: only on the way to a server or service.',
  },
  usernameClaim: {
    anyOf: [
      { type: 'string', minLength: 1 },
      hook<(claims: Claims) => string | null | undefined>('Finds the user name in the claims.'),
    ],
    description: 'Claim that is the user name: its name, a path such as `profile.login`, or a function.',
  },
  groupsClaim: {
    anyOf: [
      { type: 'string', minLength: 1 },
      hook<(claims: Claims) => readonly string[] | null | undefined>('Finds the groups in the claims.'),
    ],
    description: 'Claim that lists the groups: its name, a path such as `realm_access.roles`, or a function.',
  },
  allowAll: {
    type: 'boolean',
    default: false,
    description: 'Lets in everybody whom the provider knows.',
  },
  allowedGroups: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    default: [],
    description: 'Lets in members of any of these groups.',
  },
  adminGroups: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    default: [],
    description:
      'Members of any of these groups are administrators and are let in; who is in none and not listed in `access.admins` is no administrator.',
  },
  allowedDomains: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    default: [],
    description: 'Lets in people whose e-mail address, verified by the provider, is of one of these domains.',
  },
  refreshUser: {
    type: 'boolean',
    default: true,
    description:
      'Asks the provider again from time to time whether somebody is still who they were; needs `signIn.authState`.',
  },
  logoutAtProvider: {
    type: 'boolean',
    default: false,
    description: 'Logging out here also logs out at the provider, where it offers that.',
  },
  requestTimeout: {
    type: 'number',
    exclusiveMinimum: 0,
    default: 10,
    description: 'Seconds the provider has for one answer.',
  },
  clockTolerance: {
    type: 'number',
    minimum: 0,
    default: 60,
    description: "Seconds the provider's clock may differ from the hub's.",
  },
  caFile: {
    type: 'string',
    minLength: 1,
    description: 'A file with certificates (PEM) to trust besides the usual ones.',
  },
  allowInsecureHttp: {
    type: 'boolean',
    default: false,
    description: 'Talks to the provider without TLS. On loopback addresses that needs no permission.',
  },
} as const;

const commonSchema = { type: 'object', properties: commonProperties, required: ['clientId'] } as const;

/** The options of {@link commonProperties} with their defaults. */
export type OAuthOptions = Options<typeof commonSchema>;
