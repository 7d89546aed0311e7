import path from 'node:path';
import process from 'node:process';
import { foreground } from './lib/foreground.mjs';
import { prepare } from './lib/prepare.mjs';
import { environment, node, root } from './lib/workspace.mjs';

/** `npm run bench`: prepares the clone and measures JupyterHub and this hub. Resolves to its exit code. */
export async function main(args) {
  const program = [path.join(root, 'bench/main.ts'), ...args];
  if (!args.includes('--help')) await prepare({ build: 'run' });
  return foreground(node, program, { cwd: process.cwd(), env: environment() });
}
