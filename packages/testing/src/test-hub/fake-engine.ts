import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Exit, Launch, ProgressEvent, RunningServer } from '@hub/core/plugin';

/** What the starts and stops of one user's servers shall do. All times are milliseconds. */
export interface FakePlan {
  /** `start` takes this long. */
  readonly startAfter?: number;
  /** `start` waits for this before it saves its state; nothing runs yet. */
  readonly beforeSave?: Promise<unknown>;
  /** `start` waits for this when the server runs and its state is saved. */
  readonly afterSave?: Promise<unknown>;
  /** `start` rejects with this instead of launching anything. */
  readonly fails?: unknown;
  /** Told in the very moment before `start` rejects. */
  readonly lastWords?: string;
  /** The server ends so right after its launch. */
  readonly exits?: Exit;
  /** Is that exit told by `reportExit`, or found by polling? */
  readonly tellsExit?: boolean;
  /** The server's answers: a status, or `never`. 200 unless given. */
  readonly answers?: number | 'never';
  /** `start` does not mind its signal. */
  readonly ignoresSignal?: boolean;
  /** Told while it starts. */
  readonly progress?: readonly ProgressEvent[];
  /** `stop` waits for this. */
  readonly beforeStop?: Promise<unknown>;
  /** So many stops throw before one succeeds. */
  readonly failingStops?: number;
  /** `poll` throws. */
  readonly unknown?: boolean;
  /** What `logs` answers; a function is given the server's environment. */
  readonly log?: string | ((environment: Readonly<Record<string, string>>) => string);
}

/** A server of the engine: a real listener on loopback. */
export interface FakeServer {
  readonly key: string;
  readonly user: string;
  readonly origin: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly userOptions: Launch['userOptions'];
  exit: Exit | null;
}

interface Entry extends FakeServer {
  readonly listener: Server;
  readonly tell: (exit: Exit) => void;
}

/**
 * What a container engine or a cluster is to real spawners: servers live here, not in a hub. Several hubs may
 * share one, and a new hub finds what an old one launched. Servers are listeners of this process.
 */
export class FakeEngine {
  /** What was asked of it, oldest first: `start 3-1`, `save 3-1`, `launch 3-1`, `stop 3-1`, `gone 3-1`. */
  readonly story: string[] = [];
  readonly #plans = new Map<string, FakePlan>();
  readonly #entries = new Map<string, Entry>();
  readonly #failedStops = new Map<string, number>();

  /** Steers all servers of `user` from now on; without a plan a server starts at once and answers 200. */
  plan(user: string, plan: FakePlan): void {
    this.#plans.set(user, plan);
    this.#failedStops.delete(user);
  }

  planOf(user: string): FakePlan {
    return this.#plans.get(user) ?? {};
  }

  /** All that runs now. */
  get running(): readonly FakeServer[] {
    return [...this.#entries.values()].filter(({ exit }) => exit === null);
  }

  /** The user's running server. */
  of(user: string): FakeServer | undefined {
    return this.running.find((server) => server.user === user);
  }

  /** How often servers of this user were launched. */
  launches(user: string): number {
    return this.story.filter((line) => line.startsWith('launch ') && line.endsWith(` ${user}`)).length;
  }

  /** Ends the user's server by itself. `tell`: its spawner reports that at once. */
  async crash(user: string, exit: Exit, { tell = false } = {}): Promise<void> {
    const entry = [...this.#entries.values()].find((one) => one.user === user && one.exit === null);
    if (!entry) throw new Error(`no server of ${user} runs`);
    await end(entry, exit);
    if (tell) entry.tell(exit);
  }

  /** Launches a server; used by the fake spawner. */
  async launch(launch: Launch, plan: FakePlan): Promise<FakeServer> {
    const listener = createServer((_request, response) => {
      if (plan.answers === 'never') return;
      response
        .writeHead(plan.answers ?? 200, { 'x-jupyterhub-version': '5.0.0', connection: 'close' })
        .end('{}');
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
    const entry: Entry = {
      key: launch.key,
      user: launch.user.name,
      origin,
      environment: await launch.environment(origin),
      userOptions: launch.userOptions,
      exit: null,
      listener,
      tell: (exit) => launch.reportExit(exit),
    };
    this.#entries.set(launch.key, entry);
    this.story.push(`launch ${launch.key} ${launch.user.name}`);
    if (plan.exits) {
      await end(entry, plan.exits);
      if (plan.tellsExit ?? false) entry.tell(plan.exits);
    }
    return entry;
  }

  find(server: Pick<RunningServer, 'key'>): FakeServer | undefined {
    return this.#entries.get(server.key);
  }

  /** Stops by key; throws as often as the plan says. */
  async stop({ key, server }: Pick<RunningServer, 'key' | 'server'>): Promise<void> {
    const user = this.#entries.get(key)?.user ?? server.owner.name;
    const plan = this.planOf(user);
    this.story.push(`stop ${key}`);
    const failed = this.#failedStops.get(user) ?? 0;
    if (failed < (plan.failingStops ?? 0)) {
      this.#failedStops.set(user, failed + 1);
      throw new Error('the engine is on strike');
    }
    const entry = this.#entries.get(key);
    if (entry) await end(entry, { code: 0 });
    this.#entries.delete(key);
    this.story.push(`gone ${key}`);
  }

  /** Ends everything. */
  async close(): Promise<void> {
    await Promise.all([...this.#entries.values()].map((entry) => end(entry, { code: 0 })));
    this.#entries.clear();
  }
}

async function end(entry: Entry, exit: Exit): Promise<void> {
  entry.exit ??= exit;
  entry.listener.closeAllConnections();
  if (entry.listener.listening) await new Promise((resolve) => entry.listener.close(resolve));
}
