export { Authorities, readEveryMs } from './authorities.ts';
export { type AuthorityKind, authorityEnd, authorityKinds, type Generation, issuing } from './generation.ts';
export { HubTls, leafDays, type TlsTarget } from './hub-tls.ts';
export { AuthorityStore } from './ports.ts';
