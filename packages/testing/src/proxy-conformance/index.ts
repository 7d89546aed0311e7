export { proxyConformance } from './proxy-conformance.ts';
export type { ProxySupport, ProxyUnderTest } from './under-test.ts';
