import type { PageServer, PageServerPhase } from '../plugin/index.ts';
import { choicesOf, type ServerRecord, secondsToNextStop } from '../servers/index.ts';
import type { PageDeps } from './deps.ts';
import { hasFailed } from './failed-server.ts';
import { type ServerName, serverUrls } from './server-urls.ts';

/** A server as pages show it; `row` is `null` for one that never ran, `lost` says that no hub can reach it. */
export function pageServer(
  deps: PageDeps,
  name: ServerName,
  row: ServerRecord | null,
  lost = false,
): PageServer {
  const urls = serverUrls(deps.places, name);
  const phase = lost ? 'unreachable' : phaseOf(row);
  return {
    name: name.server,
    displayName: row?.displayName ?? name.server,
    owner: name.user,
    phase,
    url: urls.open,
    spawnUrl: urls.spawn,
    pendingUrl: urls.pending,
    apiUrl: urls.api,
    started: row && row.phase !== 'stopped' ? row.requestedAt : null,
    lastActivity: row?.lastActivity ?? null,
    profile: profileOf(deps, row),
    progress: phase === 'queued' || phase === 'starting' ? 0 : null,
    message: messageOf(row),
    hasOptionsForm: hasOptionsForm(deps, row),
  };
}

function phaseOf(row: ServerRecord | null): PageServerPhase {
  if (!row) return 'stopped';
  return row.phase === 'stopped' && hasFailed(row) ? 'failed' : row.phase;
}

/** While it is stopped: what hinders that. Else what it failed with. */
function messageOf(row: ServerRecord | null): string | null {
  if (row?.phase !== 'stopping') return hasFailed(row) ? row.failure.message : null;
  if (row.stopTries === 0) return null;
  const why =
    row.failure?.cause === 'stop-failed' ? row.failure.message : 'The server could not be stopped yet.';
  return `${why} It is tried again in ${secondsToNextStop(row.stopTries)} s.`;
}

/** Chosen options in a few words: `Standard · Python 3.13`; without profiles what the options say of one. */
function profileOf({ starts }: PageDeps, row: ServerRecord | null): string | null {
  const options = row?.userOptions ?? {};
  const id = [options.profile].flat().at(-1);
  if (typeof id !== 'string' || id === '') return null;
  const profile = starts.profiles.find((one) => one.id === id);
  if (!profile) return id;
  const choices = Object.entries(profile.form?.properties ?? {}).flatMap(([name, field]) => {
    const chosen = choicesOf(field)?.find(({ value }) => value === options[name]);
    return chosen ? [chosen.title] : [];
  });
  return [profile.name, ...choices].join(' · ');
}

function hasOptionsForm({ starts }: PageDeps, row: ServerRecord | null): boolean {
  if (starts.profiles.length > 0) return true;
  return starts.mayAsk(starts.choose({ name: '', groups: [] }, null, row?.spawner ?? null));
}
