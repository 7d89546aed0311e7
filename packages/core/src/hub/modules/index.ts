export { accountsModule } from './accounts-module.ts';
export type { Given } from './given.ts';
export { identitiesModule } from './identities-module.ts';
export { kernelModule } from './kernel-module.ts';
export { serversModule } from './servers-module.ts';
export { servicesModule } from './services-module.ts';
export { sharingModule } from './sharing-module.ts';
export { storageModule } from './storage-module.ts';
export { tlsModule } from './tls-module.ts';
