#!/usr/bin/env node
// The commands of a fresh clone: `npm start`, `npm test`, `npm run bench`. Plain JavaScript for the Node a machine has
// (20 or newer); what they install and run uses the workspace's own Node.
import process from 'node:process';
import { Stop } from './lib/steps.mjs';

const commands = {
  start: () => import('./start.mjs'),
  test: () => import('./test.mjs'),
  bench: () => import('./bench.mjs'),
};

const [name = '', ...args] = process.argv.slice(2);

try {
  if (Number.parseInt(process.versions.node, 10) < 20)
    throw new Stop(`Node ${process.versions.node} is too old: install Node 20 or newer.`);
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!load) throw new Stop(`usage: node scripts/run.mjs ${Object.keys(commands).join('|')}`);
  const { main } = await load();
  process.exitCode = await main(args);
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  console.error(`\n${error.message}`);
  process.exitCode = 1;
}
