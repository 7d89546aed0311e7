// A program: the suite for spawners, run by Node's own test runner as the unprivileged user of a hub.
import { test } from 'node:test';
import type { Launch, RunningServer, Spawner } from '@hub/core/plugin';
import { spawnerConformance } from '@hub/testing';
import { driver } from './driver.ts';

const [folder = '', mediatorPath = '', account = '', gate = ''] = process.argv.slice(2);
const drivers: { end(): Promise<void> }[] = [];

const make = () => {
  const made = driver(folder, { mediatorPath });
  drivers.push(made);
  return as(account, made);
};

spawnerConformance(
  (name, run) => test(name, run),
  () => ({
    spawner: make(),
    again: make,
    async dispose() {
      for (const made of drivers.splice(0)) await made.end();
    },
  }),
  {
    supports: {
      gate: gate === 'gate',
      exitReport: gate === 'gate',
      exitStatus: gate === 'gate',
      findByKey: gate === 'gate',
      // What is launched lies beside the mediator: a test of its own.
      missingCommand: false,
      // Other users' environments cannot be read.
      list: false,
      pollAll: false,
    },
  },
);

/** The suite's users have a name that this machine may not know. */
function as(name: string, spawner: Spawner): Spawner {
  const owned = <T extends Launch | RunningServer>(given: T): T => {
    const owner = { ...given.server.owner, name };
    return { ...given, server: { ...given.server, owner }, ...('user' in given && { user: owner }) };
  };
  return {
    ...spawner,
    start: (launch) => spawner.start(owned(launch)),
    poll: (server) => spawner.poll(owned(server)),
    stop: (server, how) => spawner.stop(owned(server), how),
  };
}
