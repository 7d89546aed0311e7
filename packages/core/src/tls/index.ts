export { Authorities, readEveryMs } from './authorities.ts';
export { endOf } from './certificates.ts';
export { type AuthorityKind, authorityKinds, type Generation, issuing } from './generation.ts';
export { HubTls, leafDays, type TlsTarget, withoutTls } from './hub-tls.ts';
export { AuthorityStore } from './ports.ts';
