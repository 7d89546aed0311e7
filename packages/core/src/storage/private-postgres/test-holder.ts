import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Logger } from '../../plugin/index.ts';
import { openPrivatePostgres } from './index.ts';

// A process that holds the server of the folder it is given until its standard input ends. Tests kill it.

const silent: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const clock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal && { signal }),
  every: () => {
    throw new Error('unused');
  },
};

const [folder = '', postgresUser] = process.argv.slice(2);
try {
  const began = performance.now();
  const held = await openPrivatePostgres({ folder, postgresUser, log: silent, clock });
  console.log(JSON.stringify({ ms: Math.round(performance.now() - began), host: held.connection.host }));
  process.stdin.resume().on('end', async () => console.log(JSON.stringify({ result: await held.close() })));
} catch (error) {
  console.log(JSON.stringify({ error: String(error) }));
  process.exitCode = 1;
}
