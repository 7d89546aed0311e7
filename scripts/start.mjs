import { spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { prepare } from './lib/prepare.mjs';
import { environment, node, root } from './lib/workspace.mjs';

/** `npm start`: prepares the clone and runs the quick-start hub until it is told to end. Resolves to its exit code. */
export async function main(args) {
  await prepare({ build: 'run' });
  const config = args.includes('--config')
    ? []
    : ['--config', path.join(root, 'examples/quick-start/hub.config.ts')];
  return runHub(['start', ...config, ...args]);
}

/**
 * The hub gets a session of its own. Ctrl-C would otherwise reach it up to three times (from the terminal,
 * from npm, from here), and a second signal means "do not wait". Here each press becomes one signal.
 */
function runHub(args) {
  const hub = spawn(node, [path.join(root, 'packages/cli/dist/main.js'), ...args], {
    cwd: root,
    env: environment(),
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  let last = Number.NEGATIVE_INFINITY;
  const pass = (name) => {
    const now = performance.now();
    if (now - last > 1000) hub.kill(name);
    last = now;
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(name, () => pass(name === 'SIGHUP' ? 'SIGTERM' : name));
  return new Promise((resolve, reject) => {
    hub.on('error', reject);
    hub.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}
