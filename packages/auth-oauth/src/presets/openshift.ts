import { definePreset } from '../define-preset.ts';
import { withoutSlash } from './answers.ts';

/**
 * Signs people in with an OpenShift cluster, which tells by itself where its sign-in is. Groups are the cluster's.
 *
 * @example
 * plugins: [openshiftAuthenticator({
 *   clientId: 'system:serviceaccount:hub:hub',
 *   clientSecretFile: '/run/secrets/hub/token',
 *   caFile: '/run/secrets/kubernetes.io/serviceaccount/ca.crt',
 *   allowedGroups: ['data-science'],
 * })]
 */
export const openshiftAuthenticator = definePreset({
  name: '@hub/auth-oauth/openshift',
  title: 'OpenShift',
  properties: {
    url: {
      type: 'string',
      format: 'uri',
      default: 'https://openshift.default.svc.cluster.local',
      description: "Address of the cluster's API server, as the hub reaches it.",
    },
    authUrl: {
      type: 'string',
      format: 'uri',
      description: 'Address of the sign-in server; asked from the API server unless given.',
    },
  },
  provider({ url, authUrl }) {
    const api = withoutSlash(url);
    const userinfoUrl = `${api}/apis/user.openshift.io/v1/users/~`;
    const auth = authUrl === undefined ? null : withoutSlash(authUrl);
    return {
      addresses: auth
        ? { authorizeUrl: `${auth}/oauth/authorize`, tokenUrl: `${auth}/oauth/token`, userinfoUrl }
        : { metadataUrl: `${api}/.well-known/oauth-authorization-server`, userinfoUrl },
      scopes: ['user:info'],
      clientAuth: 'post',
      userKey: 'openshift_user',
      // A user who is made anew under an old name has another uid.
      subjectClaim: 'metadata.uid',
      usernameClaim: 'metadata.name',
      groups: ({ claims }) => claims.groups ?? [],
      email: () => null,
      userInfo: ({ claims }) => ({ name: claims.fullName ?? null }),
      logoutUrl: () => null,
    };
  },
});
