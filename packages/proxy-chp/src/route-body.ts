import { HubError, type JsonObject, type JsonValue, type ProxyRoute } from '@hub/core/plugin';
import { specOfPath } from './route-paths.ts';

const reserved = ['target', 'jupyterhub'] as const;

/**
 * What CHP stores for a route: its data, the target and the mark of a hub (P427).
 *
 * @throws HubError HUB_BAD_REQUEST when the data uses a name that is CHP's own.
 */
export function bodyOfRoute({ spec, target, data }: ProxyRoute): JsonObject {
  const taken = reserved.find((name) => name in data);
  if (taken) throw new HubError('HUB_BAD_REQUEST', `the data of route ${spec} may not hold "${taken}"`);
  return { ...data, target, jupyterhub: true };
}

/** An entry of CHP's table as a route; `null` when no hub made it (P415, P427). */
export function routeOfEntry(
  path: string,
  entry: JsonValue | undefined,
  hostRouting: boolean,
): ProxyRoute | null {
  if (!isObject(entry)) return null;
  const { target, jupyterhub, ...rest } = entry;
  if (typeof target !== 'string' || !jupyterhub) return null;
  const { host, ...data } = rest;
  // With host routing CHP notes the host among the data.
  const noted = hostRouting && path !== '/' && host === path.split('/')[1];
  return { spec: specOfPath(path, hostRouting), target, data: noted ? data : rest };
}

/** Is it a JSON object? */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
