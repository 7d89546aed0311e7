import { quoteName, serverPrefix } from '../kernel/index.ts';
import type { JsonObject } from '../plugin/index.ts';
import {
  type ShareCodeRecord,
  type SharedServer,
  type ShareRecord,
  shareCodeName,
  withServer,
} from '../sharing/index.ts';
import type { ModelPlaces } from './models.ts';

/** A share (section 2.4). */
export function shareModel(share: ShareRecord, places: ModelPlaces): JsonObject {
  const { server, scopes, recipient, createdAt } = share;
  const { kind, name } = recipient;
  return {
    server: sharedServerModel(server, places),
    scopes: withServer(server, scopes),
    user: kind === 'user' ? { name } : null,
    group: kind === 'group' ? { name } : null,
    kind,
    created_at: createdAt,
  };
}

/** A share code without the code (section 2.4, R121). */
export function shareCodeModel(record: ShareCodeRecord, places: ModelPlaces): JsonObject {
  const { server } = record;
  return {
    server: sharedServerModel(server, places),
    scopes: withServer(server, record.scopes),
    id: shareCodeName(record.id),
    created_at: record.createdAt,
    expires_at: record.expiresAt,
    exchange_count: record.exchangeCount,
    last_exchanged_at: record.lastExchangedAt,
  };
}

/** The same with the code and where to use it, told once. */
export function newShareCodeModel(record: ShareCodeRecord, code: string, places: ModelPlaces): JsonObject {
  const path = `${places.hubPrefix}accept-share?code=${quoteName(code)}`;
  return {
    ...shareCodeModel(record, places),
    code,
    accept_url: path,
    full_accept_url: publicly(path, places),
  };
}

function sharedServerModel({ owner, name, ready }: SharedServer, places: ModelPlaces): JsonObject {
  const url = serverPrefix(places.baseUrl, owner, name);
  return { user: { name: owner }, name, url, full_url: publicly(url, places), ready };
}

function publicly(path: string, { publicUrl }: ModelPlaces): string | null {
  return publicUrl === '' ? null : `${new URL(publicUrl).origin}${path}`;
}
