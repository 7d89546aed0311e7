export * from './spawner-conformance/index.ts';
