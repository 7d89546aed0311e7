import { type Clock, HubError, type Logger } from '../../plugin/index.ts';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { codeOf, type DataFolder } from './data-folder.ts';
import { type Launched, launch } from './launch.ts';
import { disownStrangers, endServer, runningServer } from './postmaster.ts';
import { openSession, type PrivateConnection, type Session } from './session.ts';

/** Everything that is known of a server before it runs. */
export interface Place {
  readonly folder: DataFolder;
  readonly account: Account;
  readonly binaries: Binaries;
  /** Folder of the socket. */
  readonly sockets: string;
  readonly connection: PrivateConnection;
  readonly unsafeFast: boolean;
  readonly log: Logger;
  readonly clock: Clock;
}

// Replaying the log after a crash takes seconds; on a slow disk more.
const patienceMs = 5 * 60_000;
// For back ends of a killed server to let go of its memory, and for losing races.
const launchingMs = 20_000;

/**
 * Becomes a holder of the folder's server: joins the one that runs, else starts it. Resolves when it accepts
 * connections. An abort ends a server that was started here for nobody.
 */
export async function reach(place: Place, signal: AbortSignal): Promise<Session> {
  const { folder, clock } = place;
  const began = clock.monotonic();
  let child: Launched | null = null;
  try {
    for (;;) {
      signal.throwIfAborted();
      const session = await tryToHold(place);
      if (session) return session;

      const said = await child?.ended();
      if (typeof said === 'string') {
        refuseIfHopeless(folder, said, clock.monotonic() - began);
        child = null;
        await clock.sleep(100, signal);
      }
      if (!child && (await runningServer(folder)) === null) {
        await disownStrangers(folder);
        child = await launch(folder, place.sockets, place.binaries, place.account, place.unsafeFast);
      }
      if (clock.monotonic() - began > patienceMs) throw neverReady(folder);
      await clock.sleep(15, signal);
    }
  } catch (error) {
    if (child) await endUnlessHeld(place, child);
    throw error;
  }
}

/** Null when the server is not there, not ready, or just stopping. */
async function tryToHold(place: Place): Promise<Session | null> {
  let session: Session | null = null;
  try {
    session = await openSession(place.connection);
    await session.hold();
    return session;
  } catch (error) {
    await session?.end();
    const code = codeOf(error) ?? '';
    if (passing.has(code)) return null;
    const refused = code.startsWith('28');
    throw new HubError('HUB_START_FAILED', `The PostgreSQL of ${place.folder.path} lets nobody in`, {
      cause: error,
      ...(refused && {
        hint: `The password in ${place.folder.postgres}/hub.password is not the database's.`,
      }),
    });
  }
}

const passing = new Set([
  ...['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'],
  ...['CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED', 'CONNECT_TIMEOUT'],
  ...['57P01', '57P02', '57P03'], // it is starting, stopping, or recovering from a crash
  '53300', // too many connections
  '55P03', // the last holder takes long to stop it
]);

function refuseIfHopeless(folder: DataFolder, said: string, launchingForMs: number): void {
  const complaint = said.split('\n').find((line) => /FATAL|PANIC|error while loading|setpriv:/.test(line));
  const mayPass = /already exists|is empty|still in use|the database system is/.test(said);
  if ((!complaint || mayPass) && launchingForMs < launchingMs) return;
  throw new HubError(
    'HUB_START_FAILED',
    `PostgreSQL does not start in ${folder.path}: ${complaint ?? 'it says nothing'}`,
    {
      hint: `See ${folder.log}.`,
    },
  );
}

function neverReady(folder: DataFolder): HubError {
  return new HubError('HUB_START_FAILED', `PostgreSQL in ${folder.path} accepts no connections`, {
    hint: `See ${folder.log}.`,
  });
}

async function endUnlessHeld({ folder, connection, clock }: Place, child: Launched): Promise<void> {
  if (child.pid === undefined || (await runningServer(folder)) !== child.pid) return;
  const session = await openSession(connection).catch(() => null); // not ready yet: nobody can hold it
  try {
    if (!session || (await session.isLast())) await endServer(folder, clock);
  } finally {
    await session?.end();
  }
}
