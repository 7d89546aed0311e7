import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Exit } from '@hub/core/plugin';
import { live } from '../trivial-life.ts';

/** One server of an engine. It has its port from the beginning, and runs once it is told to. */
export interface Machine {
  readonly id: number;
  readonly key: string;
  readonly port: number;
  readonly exited: Promise<Exit>;
  exit: Exit | null;
  log: string;
  /** Resolves when it answers. */
  readonly listens: Promise<void>;
  run(words: readonly string[], environment: Readonly<Record<string, string>>): void;
  signal(name: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void;
}

/** Runs trivial servers inside this process: a whole suite takes a second instead of a minute. */
export interface Engine {
  readonly machines: ReadonlyMap<number, Machine>;
  create(key: string): Promise<Machine>;
}

export function createEngine(): Engine {
  const machines = new Map<number, Machine>();
  let last = 0;
  return {
    machines,
    async create(key) {
      last += 1;
      const machine = await createMachine(last, key);
      machines.set(machine.id, machine);
      return machine;
    },
  };
}

async function createMachine(id: number, key: string): Promise<Machine> {
  let answer: RequestListener = (request) => void request.socket.destroy();
  const server = createServer((request, response) => answer(request, response));
  const port = await listen(server);
  const exited = Promise.withResolvers<Exit>();
  const listening = Promise.withResolvers<void>();
  let hear: (signal: 'SIGINT' | 'SIGTERM') => void = () => {};
  let cut = () => {};

  const end = (exit: Exit): void => {
    if (machine.exit) return;
    machine.exit = exit;
    cut();
    server.close();
    server.closeAllConnections();
    exited.resolve(exit);
  };
  const machine: Machine = {
    id,
    key,
    port,
    exited: exited.promise,
    exit: null,
    log: '',
    listens: listening.promise,
    run(words, environment) {
      if (machine.exit) return;
      cut = live({
        environment,
        words,
        folder: environment.HOME ?? '/',
        say(line) {
          machine.log += `${line}\n`;
        },
        onSignal(listener) {
          hear = listener;
        },
        exit: (code) => end({ code }),
        listen(given) {
          answer = given;
          listening.resolve();
        },
      });
    },
    signal: (name) => (name === 'SIGKILL' ? end({ code: 0, signal: name }) : hear(name)),
  };
  return machine;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
