import { everything } from '../access/index.ts';
import { servicePrefix, serviceTlsName, tlsRouteData } from '../kernel/index.ts';
import type { ProxyRoute } from '../plugin/index.ts';
import { type RouteSource, routeKey } from '../routing/index.ts';
import type { ServiceDetails, ServiceStore } from './ports.ts';

type Routed = Pick<ServiceDetails, 'name' | 'url'>;

/** Where routes lead, and whether by internal TLS. */
export interface ServiceRouteSettings {
  readonly baseUrl: string;
  readonly tls: boolean;
}

/** The route of a service: its prefix to the origin of its url, the path is kept (W96). `null` without a url. */
export function serviceRoute(
  { baseUrl, tls }: ServiceRouteSettings,
  { name, url }: Routed,
): ProxyRoute | null {
  if (url === null) return null;
  const target = new URL(url).origin;
  const data = { service: name, ...tlsRouteData(tls, target, serviceTlsName(name)) };
  return { spec: servicePrefix(baseUrl, name), target, data };
}

/** The routes of services, for the reconciliation. */
export function serviceRouteSource(store: ServiceStore, settings: ServiceRouteSettings): RouteSource {
  const wanted = (service: Routed) => {
    const route = serviceRoute(settings, service);
    return route && { state: 'wanted' as const, ...route };
  };
  return {
    name: 'services',
    async routes() {
      return (await store.list(everything)).flatMap((service) => wanted(service) ?? []);
    },
    async confirm(spec) {
      const name = nameIn(settings.baseUrl, spec);
      const service = name === null ? null : await store.byName(name);
      return service ? wanted(service) : null;
    },
  };
}

/** `/services/grader/` → grader; null for what is no service's route. */
function nameIn(baseUrl: string, spec: string): string | null {
  const prefix = `${baseUrl}services/`;
  if (!spec.startsWith(prefix)) return null;
  try {
    const name = decodeURIComponent(spec.slice(prefix.length).replace(/\/$/, ''));
    return routeKey(servicePrefix(baseUrl, name)) === routeKey(spec) ? name : null;
  } catch {
    return null; // not written by a hub
  }
}
