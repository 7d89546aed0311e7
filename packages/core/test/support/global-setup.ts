import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { testServerFolder } from './test-server.ts';

/**
 * One PostgreSQL for a whole run of tests. Only its folder is named here: the first test that asks for a database
 * starts the server, and a run without such tests starts none.
 */
export default async function setup(): Promise<() => Promise<void>> {
  if (process.env.HUB_TEST_DATABASE || process.env[testServerFolder]) return async () => {};
  const folder = await mkdtemp(join(tmpdir(), 'hub-tests-'));
  process.env[testServerFolder] = folder;

  return async () => {
    // Workers end without letting go of the server, so nobody was the last to stop it.
    if (existsSync(join(folder, 'postgres'))) {
      const { stopPrivatePostgres } = await import('../../src/storage/private-postgres/index.ts');
      // A worker that has just ended may still be letting go.
      for (let tries = 1; ; tries++) {
        try {
          await stopPrivatePostgres(folder);
          break;
        } catch (error) {
          if (tries === 20) throw error;
          await delay(250);
        }
      }
    }
    await rm(folder, { recursive: true, force: true });
  };
}
