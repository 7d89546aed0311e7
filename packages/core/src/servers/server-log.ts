import { HubError, type JsonValue, type RunningServer } from '../plugin/index.ts';
import type { ServersContext } from './context.ts';
import { secretValues, withoutSecrets } from './log-secrets.ts';
import type { Failure, ServerRecord } from './server.ts';
import { askSpawner } from './spawner-calls.ts';
import type { SpawnerInstance } from './spawners.ts';
import { isElsewhere } from './stop-request.ts';
import { fullName } from './stopping.ts';

/** The most of a log that is read at once, in bytes. */
export const longestLogBytes = 65_536;

const askSeconds = 5;
/** Read beyond what is shown, so that a secret cut in two is not. */
const marginBytes = 1_024;
/** How many servers' secrets are remembered; each has a few short ones. */
const mostRemembered = 20_000;

/** The logs of servers, for people: the last part, without the secrets that were given to the server. */
export class ServerLogs {
  readonly #context: ServersContext;
  readonly #secrets = new Map<number, Set<string>>();
  readonly #reading = new Map<number, Promise<string>>();

  constructor(context: ServersContext) {
    this.#context = context;
  }

  /**
   * Where an attempt that begins here puts the secrets it gives to its server. Remembered until the next one: a
   * server may print them for as long as it runs. Other hubs go by names of variables and by looks.
   */
  secretsOf(server: ServerRecord): Set<string> {
    const secrets = new Set<string>();
    this.#secrets.delete(server.id);
    this.#secrets.set(server.id, secrets);
    const [oldest] = this.#secrets.keys();
    if (this.#secrets.size > mostRemembered && oldest !== undefined) this.#secrets.delete(oldest);
    return secrets;
  }

  /**
   * The last `bytes` of a server's log, {@link longestLogBytes} at most; `''` while there is nothing.
   *
   * @throws HubError 404 for a server that never ran or whose spawner keeps no logs; 503 when it is on another
   * machine, or the spawner does not answer.
   */
  async tail(server: ServerRecord, bytes: number): Promise<string> {
    if (server.attempt === 0) {
      throw new HubError('HUB_NOT_FOUND', `${fullName(server)} has never been started, so there is no log`);
    }
    // Read when it failed, where it ran: the machine may be gone by now, or the file be another attempt's.
    const { failure } = server;
    if (server.phase === 'stopped' && failure?.attempt === server.attempt && failure.log !== null) {
      return lastBytes(failure.log, bytes);
    }
    const spawner = this.#context.spawners.get(server.spawner);
    if (!spawner.driver.logs) {
      throw new HubError('HUB_NOT_FOUND', `The spawner ${spawner.id} keeps no logs that could be shown`);
    }
    if (isElsewhere(this.#context, server)) {
      throw new HubError(
        'HUB_UNAVAILABLE',
        `${fullName(server)} is on the machine "${server.host}": only a hub there can read its log.`,
        { expose: true, hint: 'Try again; another hub may answer then.' },
      );
    }
    try {
      return lastBytes(await this.#readOnce(server, spawner), bytes);
    } catch (error) {
      this.#context.log.warn({ user: server.userName, server: server.name, err: error }, 'log not read');
      throw new HubError('HUB_UNAVAILABLE', `The log of ${fullName(server)} cannot be read at the moment.`, {
        cause: error,
        expose: true,
      });
    }
  }

  /** The end of a log for the row of a failure; `null` where there is none. Never rejects. */
  async ofFailure(server: ServerRecord, bytes: number): Promise<string | null> {
    if (!this.#context.spawners.has(server.spawner)) return null;
    const spawner = this.#context.spawners.get(server.spawner);
    if (!spawner.driver.logs) return null;
    // A failure without its log is still told.
    return this.#read(server, spawner, bytes, 2).catch(() => null);
  }

  /** Words about a failed start, which may be the server's own: others than those who read its log read them. */
  withoutSecrets(
    server: ServerRecord,
    { message, hint }: Pick<Failure, 'message' | 'hint'>,
  ): Pick<Failure, 'message' | 'hint'> {
    const given = this.#secrets.get(server.id) ?? [];
    const known = [...given, ...secretValues(this.#context.hubEnvironment)];
    return { message: withoutSecrets(message, known), hint: hint && withoutSecrets(hint, known) };
  }

  /** However many ask, one look at a time per server. */
  #readOnce(server: ServerRecord, spawner: SpawnerInstance): Promise<string> {
    const under = this.#reading.get(server.id);
    if (under) return under;
    const reading = this.#read(server, spawner, longestLogBytes, askSeconds).finally(() =>
      this.#reading.delete(server.id),
    );
    this.#reading.set(server.id, reading);
    return reading;
  }

  async #read(
    server: ServerRecord,
    spawner: SpawnerInstance,
    bytes: number,
    seconds: number,
  ): Promise<string> {
    const most = bytes + marginBytes;
    const ask = async (running: RunningServer<JsonValue>) =>
      (await spawner.driver.logs?.(running, most)) ?? '';
    const text = await askSpawner(this.#context, spawner, server, { call: 'logs', seconds }, ask);
    const whole = Buffer.byteLength(text) < most - 4 ? text : withoutFirstLine(lastBytes(text, most));
    return lastBytes(withoutSecrets(whole, this.#known(server, spawner)), bytes);
  }

  #known(server: ServerRecord, spawner: SpawnerInstance): Iterable<string> {
    return new Set([
      ...(this.#secrets.get(server.id) ?? []),
      ...secretValues(this.#context.hubEnvironment),
      ...secretValues(spawner.options.environment),
    ]);
  }
}

/** A line whose beginning is not there may hold the end of a secret. */
function withoutFirstLine(text: string): string {
  const end = text.indexOf('\n');
  return end === -1 || end > marginBytes ? text.slice(marginBytes / 2) : text.slice(end + 1);
}

function lastBytes(text: string, bytes: number): string {
  const whole = Buffer.from(text);
  if (whole.length <= bytes) return text;
  let from = whole.length - bytes;
  while (((whole[from] ?? 0) & 0b1100_0000) === 0b1000_0000) from += 1; // not within a character
  return whole.toString('utf8', from);
}
