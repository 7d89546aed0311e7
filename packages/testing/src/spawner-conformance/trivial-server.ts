// A server in the smallest sense: launched by spawners under test, never imported.
import { createServer } from 'node:http';
import { live } from './trivial-life.ts';

live({
  environment: process.env,
  words: process.argv.slice(2),
  folder: process.cwd(),
  say: (line) => console.log(line),
  onSignal(hear) {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, hear);
  },
  exit: (code) => process.exit(code),
  listen(answer) {
    const { hostname, port } = new URL(process.env.JUPYTERHUB_SERVICE_URL ?? '');
    createServer(answer).listen(Number(port), hostname.replace(/^\[|\]$/g, ''));
  },
});
