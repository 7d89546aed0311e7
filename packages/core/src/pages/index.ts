export { declaredRoutes } from './authenticator-routes.ts';
export { showConsent } from './consent.ts';
export type { PageDeps, PagePlaces, PageSettings } from './deps.ts';
export { renderError } from './error-pages.ts';
export { pageContext } from './page-context.ts';
export { plainPages } from './plain-pages.ts';
export { otherwise } from './redirects.ts';
export { pageRoutes } from './routes.ts';
