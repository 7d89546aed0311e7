import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Launch, type RunningServer, type Spawner, spawnFailure } from '@hub/core/plugin';
import type { Engine, Machine } from './engine.ts';

/** All that is needed to find a server again. */
export type State = { readonly id: number };
type Running = RunningServer<State>;

/** A spawner that keeps every promise, over an engine that lives as long as the test. */
export function soundSpawner(engine: Engine, configured: readonly string[]): Required<Spawner<State>> {
  const starting = new Set<string>();
  const all = () => [...engine.machines.values()];
  const find = ({ key, state }: Running): Machine | undefined =>
    state ? engine.machines.get(state.id) : all().find((one) => one.key === key);
  const poll = async (server: Running) => {
    const machine = find(server);
    if (starting.has(server.key) && !machine?.exit) return null;
    return machine ? machine.exit : { code: 0 };
  };

  return {
    hostBound: false,
    poll,
    async start(launch) {
      starting.add(launch.key);
      try {
        return await start(launch, engine, configured);
      } finally {
        starting.delete(launch.key);
      }
    },
    async stop(server, how) {
      const machine = find(server);
      if (!machine || machine.exit) return;
      if (how === 'politely') machine.signal('SIGINT');
      await Promise.race([machine.exited, sleep(how === 'now' ? 0 : 50, null, { ref: false })]);
      machine.signal('SIGKILL');
    },
    pollAll: async (servers) =>
      new Map(await Promise.all(servers.map(async (one) => [one.key, await poll(one)] as const))),
    list: async () => all().flatMap(({ exit, key }) => (exit ? [] : [key])),
    async logs(server, bytes) {
      const text = Buffer.from(find(server)?.log ?? '');
      let from = Math.max(0, text.length - bytes);
      while (((text[from] ?? 0) & 0b1100_0000) === 0b1000_0000) from += 1;
      return text.subarray(from).toString();
    },
    address: async (server) => originOf(find(server)),
    owns: async () => true,
    diagnose: async () => null,
    optionsForm: () => null,
    readOptions: () => ({}),
    env: () => ({}),
    args: () => [],
    rename: async () => {},
    deleteForever: async () => {},
    placesCertificates: false,
    capacity: async () => 1_000,
    checkConfig: () => [],
  };
}

/** Record, then release: nothing runs before its state is saved. */
async function start(launch: Launch<State>, engine: Engine, configured: readonly string[]): Promise<string> {
  launch.signal.throwIfAborted();
  launch.progress({ progress: 10, message: 'Launching' });
  const { command } = await launch.resolve({ command: configured });
  const [program = '', ...words] = command;
  if (program.startsWith('/no/such/')) throw spawnFailure('command-not-found', `There is no ${program}.`);
  const machine = await engine.create(launch.key);
  try {
    const origin = `http://127.0.0.1:${machine.port}`;
    const environment = await unlessAborted(launch.environment(origin), launch.signal);
    await unlessAborted(launch.saveState({ id: machine.id }), launch.signal);
    const HOME = join('/home', launch.user.escapedName.replaceAll('.', '%2E'));
    machine.run([...words.slice(1), ...launch.args], { ...environment, HOME });
    void machine.exited.then(launch.reportExit);
    await unlessAborted(Promise.race([machine.listens, machine.exited]), launch.signal);
    if (machine.exit) throw spawnFailure('exited', 'The server ended before it listened.');
    return origin;
  } catch (error) {
    machine.signal('SIGKILL');
    throw error;
  }
}

function originOf(machine: Machine | undefined): string | null {
  return machine ? `http://127.0.0.1:${machine.port}` : null;
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    return await Promise.race([aborted.promise, work]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
