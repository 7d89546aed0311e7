import path from 'node:path';
import { foreground } from './lib/foreground.mjs';
import { prepare } from './lib/prepare.mjs';
import { environment, node, root } from './lib/workspace.mjs';

/** `npm start`: prepares the clone and runs the quick-start hub until it is told to end. Resolves to its exit code. */
export async function main(args) {
  await prepare({ build: 'run' });
  const config = args.includes('--config')
    ? []
    : ['--config', path.join(root, 'examples/quick-start/hub.config.ts')];
  const hub = path.join(root, 'packages/cli/dist/main.js');
  return foreground(node, [hub, 'start', ...config, ...args], { cwd: root, env: environment() });
}
