export * from './access-log.ts';
export * from './answer.ts';
export { type AccessRule, anyOf, authorise, on, type ScopeRule, type TargetName } from './authorise.ts';
export {
  bodyLimit,
  type FormFile,
  parseJsonBody,
  refuseReservedKeys,
  refuseUnstorable,
  refuseUnstorableText,
} from './body.ts';
export * from './caller.ts';
export * from './context.ts';
export * from './cookies.ts';
export * from './errors.ts';
export type { RenderError } from './failure.ts';
export { clientOrigin, type ForwardedSettings } from './forwarded.ts';
export { mayReadLog } from './log-readers.ts';
export * from './next-url.ts';
export * from './pagination.ts';
export * from './ports.ts';
export * from './route.ts';
export * from './server.ts';
export type { AnonymousIdSettings } from './xsrf.ts';
