// A program of its own: starts processes for the one that started it. Starting one copies what the memory of the
// starter consists of, which takes a small program a tenth of the time of a large one, and keeps nobody else waiting.
import { type GatedProcess, launchGated } from '../launch.ts';
import { isLaunchError } from '../launch-error.ts';
import type { LauncherMessage, LauncherRequest, Refusal } from './messages.ts';

const launched = new Map<number, GatedProcess>();

// It ends with whoever started it, and gates that are still closed then stay closed for ever.
process.on('disconnect', () => process.exit(0));
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(name, () => undefined);

process.on('message', (request: LauncherRequest) => {
  const { kind, id } = request;
  const work = kind === 'launch' ? launch(request) : move(kind, id);
  work.catch((error: unknown) => tell({ kind: 'refused', id, refusal: refusalOf(error) }));
});

async function launch({ id, options }: Extract<LauncherRequest, { kind: 'launch' }>): Promise<void> {
  const process_ = await launchGated(options);
  launched.set(id, process_);
  tell({ kind: 'launched', id, identity: process_.identity, cwd: process_.cwd });
  const exit = await process_.exited;
  launched.delete(id);
  tell({ kind: 'exited', id, exit });
}

async function move(kind: 'open' | 'abandon', id: number): Promise<void> {
  await launched.get(id)?.[kind]();
  tell({ kind: 'done', id });
}

function tell(message: LauncherMessage): void {
  if (process.connected) process.send?.(message);
}

function refusalOf(error: unknown): Refusal {
  const known = isLaunchError(error);
  return {
    message: error instanceof Error ? error.message : String(error),
    reason: known ? error.reason : null,
    path: known ? error.path : '',
    code: codeOf(error),
  };
}

function codeOf(error: unknown): string | null {
  for (let link = error; link instanceof Error; link = link.cause) {
    const { code } = link as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
  }
  return null;
}
