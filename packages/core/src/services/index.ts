export * from './health.ts';
export * from './ports.ts';
export * from './route-source.ts';
export * from './service-record.ts';
export * from './services.ts';
