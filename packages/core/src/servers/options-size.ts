import { HubError, isStoredFile, type JsonObject } from '../plugin/index.ts';

/** Lists of users hold the options of their servers: one user's must not be what fills the hub's memory. */
const mostBytes = 65_536;

/**
 * Refuses options nobody's form asks for, by their size as JSON. Stored files have limits of their own.
 *
 * @throws HubError 400.
 */
export function refuseLargeOptions(options: JsonObject | null): void {
  const text = JSON.stringify(options ?? {}, (_, value) => (isStoredFile(value) ? null : value));
  if (Buffer.byteLength(text) <= mostBytes) return;
  throw new HubError('HUB_BAD_REQUEST', `Invalid user options: they are longer than ${mostBytes} bytes.`);
}
