import type { PageServer, PageServerPhase } from '../plugin/index.ts';
import type { ServerRecord, Spawners } from '../servers/index.ts';
import type { PageDeps } from './deps.ts';
import { type ServerName, serverUrls } from './server-urls.ts';

/** A server as pages show it; `row` is `null` for one that never ran. */
export function pageServer(deps: PageDeps, name: ServerName, row: ServerRecord | null): PageServer {
  const urls = serverUrls(deps.places, name);
  const phase = phaseOf(row);
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
    profile: profileOf(row),
    progress: phase === 'queued' || phase === 'starting' ? 0 : null,
    message: row?.failure?.message ?? null,
    hasOptionsForm: hasOptionsForm(deps.spawners, row),
  };
}

function phaseOf(row: ServerRecord | null): PageServerPhase {
  if (!row) return 'stopped';
  return row.phase === 'stopped' && row.failure ? 'failed' : row.phase;
}

/** `profile` of the chosen options; forms send lists. */
function profileOf(row: ServerRecord | null): string | null {
  const profile = [row?.userOptions?.profile].flat()[0];
  return typeof profile === 'string' && profile !== '' ? profile : null;
}

function hasOptionsForm(spawners: Spawners, row: ServerRecord | null): boolean {
  const { driver } = row && spawners.has(row.spawner) ? spawners.get(row.spawner) : spawners.first;
  return driver.optionsForm !== undefined;
}
