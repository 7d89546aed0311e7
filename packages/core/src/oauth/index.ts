export { type OAuthDeps, oauthRoutes } from './routes.ts';
