import { Agent } from 'undici';
import { DeadlineError, serverPrefix, withDeadline } from '../kernel/index.ts';
import {
  type Exit,
  type JsonValue,
  type RunningServer,
  type SpawnFailureCause,
  spawnFailure,
} from '../plugin/index.ts';
import type { Attempt } from './attempt.ts';
import type { ServersContext } from './context.ts';
import { exitedFailure } from './exit-words.ts';
import { untilAnswers } from './http-wait.ts';
import { launchKey, type ServerRecord } from './server.ts';
import { askSpawner } from './spawner-calls.ts';
import type { SpawnerInstance } from './spawners.ts';

/** Waits for HTTP, racing the server's death by report and by poll. */
export async function waitForHttp(
  context: ServersContext,
  attempt: Attempt,
  spawner: SpawnerInstance,
  target: string,
) {
  const { server } = attempt;
  const prefix = serverPrefix(context.hub.baseUrl, server.userName, server.name);
  const ended = new AbortController();
  const dispatcher = dispatcherTo(context, server, target);
  try {
    return await withDeadline(
      context.clock,
      'Waiting for the server to answer',
      spawner.options.httpTimeout,
      attempt.signal,
      (signal) => {
        const either = AbortSignal.any([signal, ended.signal]);
        const answers = untilAnswers(`${target}${prefix}api`, context.clock, either, dispatcher);
        const dies = diesMeanwhile(context, server, spawner, either);
        dies.catch(() => undefined);
        return Promise.race([answers, dies, exitBeforeReady(attempt.exited)]);
      },
    );
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    throw await unreachable(context, server, spawner, target);
  } finally {
    ended.abort();
    await dispatcher?.destroy();
  }
}

/** With internal TLS the certificate of this very launch is demanded: any other program at its port is not it. */
function dispatcherTo({ tls }: ServersContext, server: ServerRecord, target: string): Agent | null {
  if (!tls || !target.startsWith('https:')) return null;
  const { key, certificate, authorities, name } = tls.toServer(launchKey(server));
  return new Agent({ connect: { key, cert: certificate, ca: authorities, servername: name } });
}

/** Rejects when the server is reported to have ended. */
export async function exitBeforeReady(exited: Promise<Exit>): Promise<never> {
  throw exitedFailure(await exited);
}

/** For spawners that do not report an exit: asks, often at first. */
async function diesMeanwhile(
  context: ServersContext,
  server: ServerRecord,
  spawner: SpawnerInstance,
  signal: AbortSignal,
): Promise<never> {
  const name = { user: server.userName, server: server.name };
  let told = false;
  for (let pause = 200; ; pause = Math.min(2_000, pause * 1.5)) {
    await context.clock.sleep(pause, signal);
    const limit = { call: 'poll', seconds: spawner.options.pollTimeout, outer: signal };
    const ask = (running: RunningServer<JsonValue>) => spawner.driver.poll(running);
    const exit = await askSpawner(context, spawner, server, limit, ask).catch((error: unknown) => {
      if (!told && !signal.aborted) context.log.warn({ ...name, err: error }, 'server could not be polled');
      told = true;
      return null;
    });
    if (exit) throw exitedFailure(exit);
  }
}

async function unreachable(
  context: ServersContext,
  server: ServerRecord,
  spawner: SpawnerInstance,
  target: string,
): Promise<Error> {
  const limit = { call: 'diagnose', seconds: 5 };
  const diagnosis = await askSpawner(
    context,
    spawner,
    server,
    limit,
    async (running) => (await spawner.driver.diagnose?.(running, target)) ?? null,
  ).catch(() => null); // a guess more or less: the plain sentence below is true anyway
  const cause: SpawnFailureCause = diagnosis?.cause ?? 'not-reachable';
  const seconds = spawner.options.httpTimeout;
  const message =
    diagnosis?.message ?? `The server runs, but did not answer at ${target} within ${seconds} s.`;
  return spawnFailure(cause, message, {
    hint: diagnosis?.hint ?? 'The end of its log may say what it is doing.',
  });
}
