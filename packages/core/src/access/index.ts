export { type BuiltInScope, builtInScopes, type ScopeDefinition, type ScopeName } from './built-in-scopes.ts';
export * from './custom-scopes.ts';
export * from './decision.ts';
export {
  accessScope,
  identifyScopes,
  mayUseClient,
  ownerScopes,
  rawIdentifyScopes,
  rawRoleScopes,
  rawShareScopes,
  serviceScopes,
  type TokenFacts,
  tokenScopes,
  userScopes,
  usersNeededForToken,
  whoamiScopes,
} from './effective-scopes.ts';
export * from './expansion.ts';
export * from './filter.ts';
export * from './intersection.ts';
export * from './ports.ts';
export * from './renamed-scope.ts';
export * from './requested-scopes.ts';
export * from './roles.ts';
export * from './scope-descriptions.ts';
export { type AddScope, ScopeSet } from './scope-set.ts';
export * from './scope-table.ts';
export * from './scope-text.ts';
export * from './share-scopes.ts';
export * from './visible-fields.ts';
