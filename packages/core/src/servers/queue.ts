import type { Actor } from '../kernel/index.ts';
import { databaseNow } from '../kernel/index.ts';
import { HubError, type JsonObject } from '../plugin/index.ts';
import type { ServersContext } from './context.ts';
import { LostRace } from './lost-race.ts';
import type { ServerRecord } from './server.ts';
import { tellServer } from './server-news.ts';

/** How many attempts of a server keep their story, the newest among them. */
const keptStories = 3;

/** A start as it was asked for. */
export interface StartRequest {
  readonly actor: Actor;
  /** null: those of the last start. */
  readonly userOptions: JsonObject | null;
  /** An administrator's bulk start goes behind those of single users. */
  readonly bulk: boolean;
  readonly spawner: string;
}

/**
 * `stopped → queued`, in one transaction under the lock that counts. Throws 429 when there is no room; answers
 * `null` when the server is not stopped any more.
 */
export async function enqueue(
  context: ServersContext,
  server: ServerRecord,
  request: StartRequest,
): Promise<ServerRecord | null> {
  const target = `server:${server.userName}/${server.name}`;
  const entry = { actor: request.actor, action: 'server.start', target };
  const work = context.unitOfWork.run(entry, async () => {
    const counts = await context.servers.lockAndCount();
    if (!(await context.servers.holdOwner(server.userId))) throw disabledOwner(server);
    refuseWhenFull(context, server, counts);
    const queued = await context.servers.change(
      { id: server.id, fence: server.fence, phase: 'stopped' },
      {
        phase: 'queued',
        owner: null,
        attempt: server.attempt + 1,
        spawner: request.spawner,
        ...(request.userOptions === null ? {} : { userOptions: request.userOptions }),
        queueClass: request.bulk ? 1 : 0,
        requestedAt: databaseNow,
        queuedAt: databaseNow,
        failure: null,
        takeOvers: 0,
        removeWhenStopped: false,
      },
      { raiseFence: true },
    );
    if (!queued) throw new LostRace();
    if (queued.attempt > keptStories)
      await context.servers.clearEvents(queued.id, queued.attempt - keptStories + 1);
    await context.servers.appendEvents(queued, 0, [{ progress: 0, message: 'Server requested' }]);
    tellServer(context.changes, queued);
    context.changes.publish('queue', '');
    return queued;
  });
  return LostRace.asNull(work);
}

function refuseWhenFull(
  context: ServersContext,
  { userName: user, name }: ServerRecord,
  counts: { queued: number; starting: number; ready: number; stopping: number },
): void {
  const { concurrentStarts, queueLimit, activeServerLimit, retryAfter } = context.settings;
  // Who has room to start at once waits only for the next look at the queue: such a one takes no place in it.
  if (concurrentStarts > 0 && counts.queued + counts.starting >= concurrentStarts + queueLimit) {
    context.events.emit('startRefused', { user, server: name, reason: 'throttled' });
    const seconds = context.ids.integer(...retryAfter);
    throw new HubError(
      'HUB_TOO_MANY',
      `Too many users trying to log in right now. Try again in ${inWords(seconds)}.`,
      {
        headers: { 'Retry-After': String(seconds) },
      },
    );
  }
  const active = counts.queued + counts.starting + counts.ready + counts.stopping;
  if (activeServerLimit > 0 && active >= activeServerLimit) {
    context.events.emit('startRefused', { user, server: name, reason: 'too-many-users' });
    throw new HubError('HUB_TOO_MANY', 'Active user limit exceeded. Try again in a few minutes.');
  }
}

function disabledOwner({ userName }: ServerRecord): HubError {
  return new HubError('HUB_FORBIDDEN', `${userName} is disabled: no server is started.`, {
    hint: 'An administrator enables the user again.',
  });
}

/** Rounded up to ten seconds, or minutes above ninety (W32). */
function inWords(seconds: number): string {
  const rounded = Math.ceil(seconds / 10) * 10;
  return rounded <= 90 ? `${rounded} seconds` : `${Math.ceil(rounded / 60)} minutes`;
}

/** `queued → starting` for the oldest, as many as there is room for: what this hub may now launch. */
export async function takeTurns(context: ServersContext): Promise<readonly ServerRecord[]> {
  if (!context.leases.fresh) return [];
  const { concurrentStarts } = context.settings;
  const by = { owner: context.run.id, spawners: context.spawners.all.map(({ id }) => id) };
  if (!(await context.servers.anyQueued(by.spawners))) return []; // the usual case needs no lock
  const taken = await context.unitOfWork.run(null, async () => {
    const rows = await context.servers.takeFromQueue(
      by,
      concurrentStarts > 0 ? concurrentStarts : Number.MAX_SAFE_INTEGER,
    );
    for (const row of rows) tellServer(context.changes, row);
    return rows;
  });
  return taken;
}
