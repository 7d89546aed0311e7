import { realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { HubError } from '../../plugin/index.ts';
import { readPassword } from './data-directory.ts';
import { codeOf, dataFolder, explained } from './data-folder.ts';
import { endServer, runningServer } from './postmaster.ts';
import { openSession, privateConnection } from './session.ts';
import { socketFolder } from './socket-folder.ts';

const clock = { monotonic: () => performance.now(), sleep: (ms: number) => sleep(ms) };

/**
 * Stops the server of a data folder that nobody holds, as one left by a killed hub (`hub db stop`). Throws
 * `HUB_CONFLICT`, naming the holders, when somebody does.
 */
export async function stopPrivatePostgres(path: string): Promise<'stopped' | 'not-running'> {
  return explained(path, async () => {
    const real = await realpath(path).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    });
    if (real === null) return 'not-running';
    const folder = dataFolder(real);
    if ((await runningServer(folder)) === null) return 'not-running';

    const session = await openSession(
      privateConnection((await socketFolder(folder)) ?? folder.run, await readPassword(folder)),
    ).catch((cause: unknown) => {
      throw new HubError('HUB_UNAVAILABLE', `The PostgreSQL of ${real} runs, but lets nobody in just now`, {
        cause,
        hint: `It may be starting or stopping: try again in a moment, and see ${folder.log}.`,
      });
    });
    try {
      if (!(await session.isLast())) {
        throw new HubError(
          'HUB_CONFLICT',
          `The PostgreSQL of ${real} is in use: ${(await session.holders()).join(', ')}`,
          {
            hint: 'Stop them first; the last one stops it.',
          },
        );
      }
      await endServer(folder, clock);
      return 'stopped';
    } finally {
      await session.end();
    }
  });
}
