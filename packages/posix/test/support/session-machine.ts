import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestMachine } from './test-machine.ts';

/** A PAM service whose sessions leave a trace. */
export interface TracedService {
  readonly name: string;
  /** What the session did so far, such as `open_session`, in order. */
  trace(): readonly string[];
}

/**
 * Makes a service that lets everybody in; `before` stand before the module that leaves the trace, and `after` behind it.
 * A session of another account than `user`, where one is named, leaves that account's name, too.
 */
export async function tracedService(
  machine: TestMachine,
  user: string | null,
  { before = [], after = [] }: { before?: readonly string[]; after?: readonly string[] } = {},
): Promise<TracedService> {
  const id = Math.random().toString(36).slice(2);
  const file = join(machine.folder, `trace-${id}`);
  const script = await machine.file(
    `leave-trace-${id}`,
    `#!/bin/sh\n[ "$PAM_USER" = ${user ?? '"$PAM_USER"'} ] || echo "as $PAM_USER" >> ${file}\necho "$PAM_TYPE" >> ${file}\n`,
    0o755,
  );
  const name = await machine.service(
    'auth required pam_permit.so',
    'account required pam_permit.so',
    ...before,
    `session required pam_exec.so ${script}`,
    ...after,
  );
  return {
    name,
    trace: () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []),
  };
}
