import { HubError, type Instant, type JsonValue } from '../plugin/index.ts';
import type { LastSeen } from './last-seen.ts';
import type { ActivityMark, ActivityStore } from './ports.ts';
import { addMinutes, isLater, parseTimestamp } from './timestamp.ts';

/** A report as it came, not yet looked at (R68). */
export interface ActivityReport {
  readonly lastActivity?: JsonValue | undefined;
  /** By name of the server. */
  readonly servers?: JsonValue | undefined;
}

/** Reports of when a user and their servers were active (R68–R73). */
export class Activity {
  readonly #store: ActivityStore;
  readonly #lastSeen: LastSeen;

  constructor(deps: { store: ActivityStore; lastSeen: LastSeen }) {
    this.#store = deps.store;
    this.#lastSeen = deps.lastSeen;
  }

  /**
   * Resolves once the report is committed; what is not later than the stored value changes nothing (R71).
   * @throws HubError 400 for a report that makes no sense, 404 for an unknown user; nothing is written then.
   */
  async report(user: string, report: ActivityReport): Promise<void> {
    if (!isTruthy(report.lastActivity) && !isTruthy(report.servers)) {
      throw bad('body must contain at least one of: last_activity, servers');
    }
    const found = await this.#store.find(user);
    if (!found) throw new HubError('HUB_NOT_FOUND', `No such user: '${user}'`);

    const latest = addMinutes(found.now, 59);
    const marks: ActivityMark[] = [];
    for (const [name, entry] of serverEntries(report.servers)) {
      const id = found.servers.get(name);
      // Everybody has a default server (R72, R176); of one that was never used there is nothing to keep.
      if (id === undefined && name !== '') throw bad(`No such server '${name}' for user ${user}`);
      const at = timeOf(lastActivityOf(name, entry), latest);
      if (id !== undefined) marks.push({ kind: 'server', id, at });
    }
    if (isTruthy(report.lastActivity)) {
      marks.push({ kind: 'user', id: found.userId, at: timeOf(report.lastActivity, latest) });
    }
    await this.#lastSeen.commit(marks);
  }
}

function serverEntries(
  servers: JsonValue | undefined,
): readonly (readonly [string, JsonValue | undefined])[] {
  if (!isTruthy(servers)) return [];
  if (typeof servers !== 'object' || servers === null || Array.isArray(servers)) {
    throw bad('servers must be an object of entries by server name');
  }
  return Object.entries(servers);
}

function lastActivityOf(name: string, entry: JsonValue | undefined): JsonValue {
  const isObject = typeof entry === 'object' && entry !== null && !Array.isArray(entry);
  const time = isObject && 'last_activity' in entry ? entry.last_activity : undefined;
  if (time === undefined) throw bad(`servers entry '${name}' must be an object with last_activity`);
  return time;
}

function timeOf(value: JsonValue, latest: Instant): Instant {
  const time = typeof value === 'string' ? parseTimestamp(value) : null;
  if (time === null) throw bad(`Not a valid timestamp: ${shown(value)}`);
  if (isLater(time, latest)) throw bad(`Rejecting activity from more than an hour in the future: ${time}`);
  return time;
}

function shown(value: JsonValue): string {
  return typeof value === 'string' ? `'${value.slice(0, 64)}'` : JSON.stringify(value).slice(0, 64);
}

// The original asks for truth as Python has it: empty text and empty objects count as absent.
function isTruthy(value: JsonValue | undefined): value is JsonValue {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function bad(message: string): HubError {
  return new HubError('HUB_BAD_REQUEST', message);
}
