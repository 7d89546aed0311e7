import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { type Contender, logOf } from './contender.ts';
import { insertIntoPostgres } from './insert-people.ts';

/** This hub from the built packages, with the PostgreSQL it brings. */
export function thisHub(nodeFlags: readonly string[]): Contender {
  return {
    name: 'hub',
    title: 'this hub',
    insertsInto: 'running',
    saysLookedAt: /"servers":(\d+)[^\n]*"msg":"running servers were looked at"/,
    insertPeople: insertIntoPostgres,
    async launch(settings) {
      await using log = await open(logOf(settings.folder), 'a');
      const program = path.join(import.meta.dirname, 'hub-process.ts');
      const child = spawn(process.execPath, [...nodeFlags, program, JSON.stringify(settings)], {
        cwd: settings.folder,
        stdio: ['ignore', log.fd, log.fd, 'ipc'],
      });
      return { process: child, token: firstMessage(child) };
    },
  };
}

async function firstMessage(child: ReturnType<typeof spawn>): Promise<string> {
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('the process ended')));
  const [message] = await Promise.race([once(child, 'message'), ended]);
  return String(message);
}
