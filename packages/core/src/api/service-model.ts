import { type ScopeSet, visibleServiceFields } from '../access/index.ts';
import { servicePrefix } from '../kernel/index.ts';
import type { JsonObject, JsonValue } from '../plugin/index.ts';
import type { ServiceDetails } from '../services/index.ts';
import type { ModelPlaces } from './models.ts';

/** A service as this caller may see it (section 2.3). */
export function serviceModel(service: ServiceDetails, scopes: ScopeSet, places: ModelPlaces): JsonObject {
  const fields = visibleServiceFields(scopes, { kind: 'service', service: service.name });
  const values: Record<string, JsonValue> = {
    kind: 'service',
    name: service.name,
    admin: service.admin,
    roles: service.roles,
    url: service.url ?? '',
    prefix: service.url === null ? '' : servicePrefix(places.baseUrl, service.name),
    // The hub starts none of them.
    command: [],
    pid: 0,
    info: service.info,
    display: service.display,
  };
  return Object.fromEntries([...fields].map((field) => [field, values[field] ?? null]));
}
