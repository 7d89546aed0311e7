export * from './authenticator-conformance/index.ts';
export * from './proxy-conformance/index.ts';
export * from './spawner-conformance/index.ts';
export * from './test-hub/index.ts';
