export * from './extra-routes.ts';
export * from './plan-routes.ts';
export type { RouteChanges } from './reconciliation.ts';
export * from './route-check.ts';
export * from './route-event.ts';
export * from './route-key.ts';
export * from './route-source.ts';
export * from './routes.ts';
